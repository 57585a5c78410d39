#include "gradus/ops/shaping.hpp"

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

struct Reshape {
  const char* op;
  Shape to, from{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    return x.reshape(to);
  }
  Grads<1> backward(const Tensor& dy) const { return {dy.reshape(from)}; }
};

Tensor transposed(const Tensor& x) {
  const Index M = x.dim(0), N = x.dim(1);
  Tensor y({N, M});
  const Real* in = x.data();
  Real* out = y.data();
  constexpr Index tile = 16;  // tiles of source and target fit into the cache
  for_rows((N + tile - 1) / tile, x.size(), [=](Index block) {
    for (Index i0 = 0; i0 < M; i0 += tile)
      for (Index j = block * tile; j < std::min(N, (block + 1) * tile); ++j)
        for (Index i = i0; i < std::min(M, i0 + tile); ++i) out[j * M + i] = in[i * N + j];
  });
  return y;
}

struct Transpose2d {
  static constexpr const char* op = "transpose";
  Tensor forward(const Tensor& x) { return transposed(x); }
  Grads<1> backward(const Tensor& dy) const { return {transposed(dy)}; }
};

/// Relative to an axis, a tensor is [outer, width]: `outer` blocks of `width` consecutive numbers.
struct Blocks {
  Index outer = 1, width = 1;
  Blocks(const Shape& shape, int axis) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis; i < shape.rank(); ++i) width *= shape[i];
  }
};

/// Copies columns [from, from + count) of one block matrix to columns [to, ..) of another.
void copy_columns(Index outer, Index count, const Real* x, Index x_width, Index from, Real* y, Index y_width,
                  Index to) {
  for_rows(outer, outer * count,
           [=](Index b) { std::copy_n(x + b * x_width + from, count, y + b * y_width + to); });
}

/// y = [x0 | x1 | ..]            dx0, dx1, .. = the same columns of dy
struct Concat {
  int axis;
  std::vector<Shape> shapes{};
  Tensor forward(std::span<const Tensor> inputs) {
    Index size = 0;
    for (const Tensor& x : inputs) {
      shapes.push_back(x.shape());
      GRADUS_CHECK(axis < x.rank() && x.shape().with_axis(axis, 0) == shapes[0].with_axis(axis, 0),
                   "concat: all sizes but that of axis ", axis, " must agree, got ", shapes[0], " and ",
                   x.shape());
      size += x.dim(axis);
    }
    Tensor y(shapes[0].with_axis(axis, size));
    const Index y_width = Blocks(y.shape(), axis).width;
    Index column = 0;
    for (const Tensor& x : inputs) {
      const Blocks blocks(x.shape(), axis);
      copy_columns(blocks.outer, blocks.width, x.data(), blocks.width, 0, y.data(), y_width, column);
      column += blocks.width;
    }
    return y;
  }
  std::vector<Tensor> backward(const Tensor& dy) const {
    std::vector<Tensor> grads;
    const Index dy_width = Blocks(dy.shape(), axis).width;
    Index column = 0;
    for (const Shape& shape : shapes) {
      Tensor dx(shape);
      const Blocks blocks(shape, axis);
      copy_columns(blocks.outer, blocks.width, dy.data(), dy_width, column, dx.data(), blocks.width, 0);
      column += blocks.width;
      grads.push_back(std::move(dx));
    }
    return grads;
  }
};

/// y = columns begin .. end-1    dx = dy there, zero elsewhere
struct Slice {
  int axis;
  Index begin, end;
  Shape from{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    GRADUS_CHECK(0 <= begin && begin <= end && end <= x.dim(axis), "slice: ", begin, " to ", end, " of axis ",
                 axis, " is outside ", x.shape());
    Tensor y(from.with_axis(axis, end - begin));
    const Blocks whole(from, axis), part(y.shape(), axis);
    copy_columns(part.outer, part.width, x.data(), whole.width, begin * Blocks(from, axis + 1).width,
                 y.data(), part.width, 0);
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = Tensor::zeros(from);
    const Blocks whole(from, axis), part(dy.shape(), axis);
    copy_columns(part.outer, part.width, dy.data(), part.width, 0, dx.data(), whole.width,
                 begin * Blocks(from, axis + 1).width);
    return {dx};
  }
};

}  // namespace

Var reshape(const Var& x, const Shape& shape, const char* op) { return record(Reshape{op, shape}, x); }
Var reshape(const Var& x, std::initializer_list<Index> sizes) {
  return reshape(x, Shape::filled(sizes, x.size()));
}

Var transpose(const Var& x) {
  check_rank("transpose", "x", x.value(), 2);
  return record(Transpose2d{}, x);
}

Var concat(std::span<const Var> inputs, int axis) {
  GRADUS_CHECK(!inputs.empty(), "concat: needs at least one input");
  return record_list(Concat{checked_axis("concat", inputs[0].shape(), axis)}, inputs);
}

Var concat(std::initializer_list<Var> inputs, int axis) {
  return concat(std::span<const Var>(inputs.begin(), inputs.size()), axis);
}

Var slice(const Var& x, int axis, Index begin, Index end) {
  return record(Slice{checked_axis("slice", x.shape(), axis), begin, end}, x);
}

}  // namespace gradus
