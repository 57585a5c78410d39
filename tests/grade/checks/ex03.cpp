// Exercise 3: convolution and transposed convolution. Both join the pixels of a picture to the pixels of an
// answer through weights; what students confuse is the same in all four passes, so one walk has the knobs.
#include <algorithm>
#include <array>

#include "../check.hpp"
#include "../inputs.hpp"

namespace gradus::grade {
namespace {

struct Knobs {
  bool no_padding = false, padding_sign = false, no_stride = false, padding_by_stride = false,
       dilated = false;  // where the window looks
  bool channels_first = false, flipped = false, swapped = false,
       turned = false;                                            // which weight it takes there
  bool clamped = false, interior = false, zero_left_out = false;  // at the edge
  bool answer_first = false;                                      // the answer's channels come first
  bool overwritten = false;                                       // = for +=
  bool no_bias = false, bias_per_weight = false;                  // the bias
  bool short_by_one = false, rounded_up = false, half_padded = false, square = false, grows = false,
       long_by_s = false, no_output_padding = false, padded_first = false;
  bool dx_only = false, dw_only = false;  // where the knobs hold
  bool no_slope = false;                  // as if dy were 1
  double db = 1;                          // gradients scaled
  bool db_per_batch = false, db_per_pixel = false, dw_per_batch = false, db_last_batch = false;
};

struct Geometry {
  Index s, p, o;
};
Geometry geometry_of(const Tensor& settings) {
  return {static_cast<Index>(settings[0]), static_cast<Index>(settings[1]), static_cast<Index>(settings[2])};
}

/// Calls joined(element of the picture, of the weights, of the answer) as the knobs see it.
template <class Joined>
void walk(const Knobs& knobs, const Shape& picture, const Shape& weights, const Shape& answer,
          const Geometry& geometry, Joined joined) {
  const Index H = picture[1], W = picture[2], C = picture[3], K = weights[0], U = weights[1], V = weights[2],
              I = answer[1], J = answer[2], s = knobs.no_stride ? 1 : geometry.s,
              p = knobs.no_padding     ? 0
                  : knobs.padding_sign ? -geometry.p
                                       : (knobs.padding_by_stride ? geometry.s : 1) * geometry.p -
                                             (knobs.padded_first ? geometry.o : 0);
  for (Index m = 0; m < answer.size(); ++m) {
    const Index k = m % K, j = m / K % J, i = m / K / J % I, b = m / K / J / I;
    if (knobs.interior && (s * i < p || s * i + U - p > H || s * j < p || s * j + V - p > W)) continue;
    for (Index u = 0; u < U; ++u)
      for (Index v = 0; v < V; ++v)
        for (Index c = 0; c < C; ++c) {
          Index y = s * i - p + (knobs.turned ? v : u), x = s * j - p + (knobs.turned ? u : v);
          if (knobs.dilated) y = i + s * u - p, x = j + s * v - p;
          if (knobs.clamped) y = std::clamp<Index>(y, 0, H - 1), x = std::clamp<Index>(x, 0, W - 1);
          if (y < 0 || y >= H || x < 0 || x >= W || (knobs.zero_left_out && (y == 0 || x == 0))) continue;
          const Index row = knobs.flipped ? U - 1 - u : u, column = knobs.flipped ? V - 1 - v : v;
          joined(knobs.channels_first ? ((b * C + c) * H + y) * W + x : ((b * H + y) * W + x) * C + c,
                 knobs.swapped ? ((c * U + row) * V + column) * K + k : ((k * U + row) * V + column) * C + c,
                 knobs.answer_first ? ((b * K + k) * I + i) * J + j : m);
        }
  }
}

Tensor start(const Tensor& b, const Shape& shape, const Knobs& knobs) {
  Tensor y = Tensor::zeros(shape);
  if (b && !knobs.no_bias && !knobs.bias_per_weight)
    for (Index n = 0; n < y.size(); ++n) y[n] = b[n % b.size()];
  return y;
}

Function conv_with(Knobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &w = in[1], &b = in[2];
    const Geometry g = geometry_of(in[3]);
    const auto size = [&](int axis) {
      const Index side = knobs.square ? 1 : axis, room = x.dim(side) +
                                                         (knobs.no_padding    ? 0
                                                          : knobs.half_padded ? g.p
                                                                              : 2 * g.p) -
                                                         w.dim(side);
      return std::max<Index>(1,
                             (room + (knobs.rounded_up ? g.s - 1 : 0)) / g.s + (knobs.short_by_one ? 0 : 1));
    };
    Tensor y = start(b, {x.dim(0), size(1), size(2), w.dim(0)}, knobs);
    walk(knobs, x.shape(), w.shape(), y.shape(), g, [&](Index n, Index weight, Index m) {
      y[m] =
          (knobs.overwritten ? 0 : y[m]) + x[n] * w[weight] + (knobs.bias_per_weight ? b[m % b.size()] : 0);
    });
    return {y};
  };
}

Function conv_transpose_with(Knobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &w = in[1], &b = in[2];
    const Geometry g = geometry_of(in[3]);
    const Index grow = (knobs.no_output_padding ? 0 : g.o) +
                       (knobs.no_padding    ? 0
                        : knobs.half_padded ? -g.p
                        : knobs.grows       ? 2 * g.p
                                            : -2 * g.p) +
                       (knobs.long_by_s ? g.s : 0);
    const auto size = [&](int axis) { return g.s * (x.dim(axis) - 1) + w.dim(axis) + grow; };
    Tensor y = start(b, {x.dim(0), size(1), size(2), w.dim(3)}, knobs);
    walk(knobs, y.shape(), w.shape(), x.shape(), g, [&](Index n, Index weight, Index m) {
      y[n] =
          (knobs.overwritten ? 0 : y[n]) + x[m] * w[weight] + (knobs.bias_per_weight ? b[n % b.size()] : 0);
    });
    return {y};
  };
}

/// db [.., channels of dy]
Tensor bias_gradient(const Tensor& dy, const Knobs& knobs) {
  const Index channels = dy.dim(3), first = knobs.db_last_batch ? dy.size() - dy.size() / dy.dim(0) : 0;
  Tensor db = Tensor::zeros({channels});
  for (Index n = first; n < dy.size(); ++n) db[n % channels] += dy[n];
  const Index count = knobs.db_per_batch ? dy.dim(0) : knobs.db_per_pixel ? dy.size() / channels : 1;
  for (Real& value : db.values()) value = static_cast<Real>(knobs.db * value / static_cast<Real>(count));
  return db;
}

/// Of both ops: picture and answer are x and dy of the one, dy and x of the other.
Function gradients_with(bool transposed, Knobs knobs) {
  return [=](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &w = in[1], &dy = in[4];
    const Tensor &picture = transposed ? dy : x, &answer = transposed ? x : dy;
    Tensor dx = Tensor::zeros(x.shape()), dw = Tensor::zeros(w.shape());
    const auto pass = [&](const Knobs& now, auto joined) {
      walk(now, picture.shape(), w.shape(), answer.shape(), geometry_of(in[3]), joined);
    };
    const auto set = [&](Real& sum, Real term) { sum = (knobs.overwritten ? 0 : sum) + term; };
    pass(knobs.dw_only ? Knobs{} : knobs, [&](Index n, Index weight, Index m) {
      const Real term = (knobs.no_slope ? 1 : transposed ? dy[n] : dy[m]) * w[weight];
      Real& sum = transposed ? dx[m] : dx[n];
      knobs.dw_only ? void(sum += term) : set(sum, term);
    });
    pass(knobs.dx_only ? Knobs{} : knobs, [&](Index n, Index weight, Index m) {
      const Real term = x[transposed ? m : n] * (knobs.no_slope ? 1 : dy[transposed ? n : m]);
      knobs.dx_only ? void(dw[weight] += term) : set(dw[weight], term);
    });
    if (knobs.dw_per_batch)
      for (Real& value : dw.values()) value /= static_cast<Real>(dy.dim(0));
    return {dx, dw, bias_gradient(dy, knobs)};
  };
}

// ---- inputs
// ------------------------------------------------------------------------------------------------- Odd
// sizes: height and width, U and V, C and K differ; strides that do not divide; a window of one pixel's
// width; pixels that no window sees. The first is the smallest, for reading.

Tensors conv_inputs(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 9>, 6> all = {{{1, 3, 4, 1, 1, 2, 3, 1, 1},
                                                        {2, 9, 11, 17, 13, 5, 7, 2, 2},
                                                        {3, 1, 5, 2, 3, 1, 3, 1, 1},
                                                        {2, 5, 7, 2, 3, 3, 2, 2, 1},
                                                        {2, 7, 5, 3, 2, 2, 3, 3, 0},
                                                        {3, 4, 6, 2, 4, 3, 1, 1, 2}}};
  const auto [B, H, W, C, K, U, V, s, p] = all[static_cast<std::size_t>(number) % all.size()];
  return {numbers(rng, {B, H, W, C}), numbers(rng, {K, U, V, C}), away_from_zero(rng, {K}),
          Tensor::of({3}, {static_cast<Real>(s), static_cast<Real>(p), 0})};
}
Tensors conv_transpose_inputs(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 10>, 6> all = {{{1, 2, 3, 1, 1, 3, 4, 2, 1, 0},
                                                         {2, 5, 7, 17, 13, 5, 7, 2, 2, 1},
                                                         {3, 1, 4, 2, 3, 1, 2, 1, 0, 0},
                                                         {2, 3, 2, 2, 3, 3, 2, 2, 1, 1},
                                                         {2, 2, 3, 3, 2, 2, 3, 3, 0, 2},
                                                         {3, 3, 2, 2, 4, 4, 3, 1, 1, 0}}};
  const auto [B, I, J, K, C, U, V, s, p, o] = all[static_cast<std::size_t>(number) % all.size()];
  return {numbers(rng, {B, I, J, K}), numbers(rng, {K, U, V, C}), away_from_zero(rng, {C}),
          Tensor::of({3}, {static_cast<Real>(s), static_cast<Real>(p), static_cast<Real>(o)})};
}

using Draw = std::function<Tensors(Rng&, int)>;

Draw without_bias(Draw draw) {
  return [draw](Rng& rng, int number) {
    Tensors in = draw(rng, number);
    in[2] = {};
    return in;
  };
}
/// With dy, of the right answer's shape.
Draw with_slope(Draw draw, Function forward) {
  return [draw, forward](Rng& rng, int number) {
    Tensors in = draw(rng, number);
    in.push_back(numbers(rng, forward(in)[0].shape()));
    return in;
  };
}

/// The lesson's numbers.
Tensors conv_by_hand(Rng&, int) {
  return {Tensor::of({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), Tensor::of({1, 2, 2, 1}, {1, 2, 0, -1}),
          Tensor::of({1}, {Real(0.5)}), Tensor::of({3}, {2, 1, 0})};
}
Tensors conv_slope_by_hand(Rng& rng, int number) {
  Tensors in = conv_by_hand(rng, number);
  in.push_back(Tensor::of({1, 2, 2, 1}, {1, 2, 3, 4}));
  return in;
}
Tensors conv_transpose_by_hand(Rng&, int) {
  return {Tensor::of({1, 1, 2, 1}, {1, 10}), Tensor::of({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
          Tensor::of({1}, {Real(0.5)}), Tensor::of({3}, {2, 1, 1})};
}
Tensors conv_transpose_slope_by_hand(Rng& rng, int number) {
  Tensors in = conv_transpose_by_hand(rng, number);
  in.push_back(Tensor::of({1, 2, 4, 1}, {1, 0, 0, 0, 0, 1, 0, 2}));
  return in;
}

// ---- mistakes
// -----------------------------------------------------------------------------------------------

std::vector<Mistake> conv_mistakes() {
  return {
      {"conv.no_padding", "the padding is left out: only places where the whole window lies in the picture",
       conv_with({.no_padding = true})},
      {"conv.padding_sign", "the padding is added, not taken away: the window begins at s i - p",
       conv_with({.padding_sign = true})},
      {"conv.padding_by_stride", "the padding is multiplied by the stride: s (i - p), where s i - p is meant",
       conv_with({.padding_by_stride = true})},
      {"conv.dilated", "the stride stands before u, not before i: the window is torn apart, i + s u - p",
       conv_with({.dilated = true})},
      {"conv.zero_left_out", "row 0 and column 0 of x are left out: > 0 where >= 0 is meant",
       conv_with({.zero_left_out = true})},
      {"conv.half_padded", "the padding counts once in the answer's size; it is on both sides, 2p",
       conv_with({.half_padded = true})},
      {"conv.square", "the answer is always square: J is computed from W and V, not from H and U",
       conv_with({.square = true})},
      {"conv.answer_first",
       "the answer is filled as [B, K, I, J]; the channel is the last index: [B, I, J, K]",
       conv_with({.answer_first = true})},
      {"conv.both_first",
       "x is read as [B, C, H, W] and the answer filled as [B, K, I, J]; the channel is the last index of "
       "both",
       conv_with({.channels_first = true, .answer_first = true})},
      {"conv.stride_ignored", "the window moves by one pixel, not by the stride: it begins at s i - p",
       conv_with({.no_stride = true})},
      {"conv.flipped",
       "the window is turned round (the mathematician's convolution): x[.. + u ..] meets w[u], not w[U-1-u]",
       conv_with({.flipped = true})},
      {"conv.turned", "u and v are exchanged: u counts rows, v columns", conv_with({.turned = true})},
      {"conv.channels_swapped", "the weights are read as [C, U, V, K]; they are [K, U, V, C]",
       conv_with({.swapped = true})},
      {"conv.channels_first", "x is read as [B, C, H, W]; the channel is the last index: [B, H, W, C]",
       conv_with({.channels_first = true})},
      {"conv.short", "the answer is too small: the + 1 of I = (H + 2p - U) / s + 1 is missing",
       conv_with({.short_by_one = true})},
      {"conv.rounded_up", "the answer's size is rounded up; a window that looks over the end does not count",
       conv_with({.rounded_up = true})},
      {"conv.no_bias", "the bias is left out", conv_with({.no_bias = true})},
      {"conv.bias_per_weight", "the bias is added with every weight, not once for every pixel of the answer",
       conv_with({.bias_per_weight = true})},
      {"conv.clamped", "outside the picture its nearest pixel is taken; there x is zero",
       conv_with({.clamped = true})},
      {"conv.border_skipped",
       "places where the window looks over the edge are left out; there only its weights outside are",
       conv_with({.interior = true})},
      {"conv.last_term",
       "the terms overwrite one another: = instead of +=", conv_with({.overwritten = true})}};
}

std::vector<Mistake> conv_gradient_mistakes() {
  const auto with = [](Knobs knobs) { return gradients_with(false, knobs); };
  return {
      {"conv.dx_flipped",
       "dx meets the window turned round: a weight hands back along the way by which it took, w[k,u,v,c]",
       with({.flipped = true, .dx_only = true})},
      {"conv.dx_channels_swapped", "in dx the weights are read as [C, U, V, K]; they are [K, U, V, C]",
       with({.swapped = true, .dx_only = true})},
      {"conv.grads_no_padding",
       "the padding is left out: dy[i, j] belongs to a window that begins at s i - p",
       with({.no_padding = true})},
      {"conv.grads_no_stride", "the stride is left out: dy[i, j] belongs to a window that begins at s i - p",
       with({.no_stride = true})},
      {"conv.grads_no_slope", "the slope dL/dy is left out of dx and dw (the chain rule)",
       with({.no_slope = true})},
      {"conv.dw_no_stride", "the stride is left out of dw (dx is right)",
       with({.no_stride = true, .dw_only = true})},
      {"conv.dx_overwritten",
       "the terms of dx overwrite one another: a pixel is seen by several windows, += is due",
       with({.overwritten = true, .dx_only = true})},
      {"conv.dw_overwritten",
       "the terms of dw overwrite one another: a weight is used at every place, += is due",
       with({.overwritten = true, .dw_only = true})},
      {"conv.border_grads", "windows that look over the edge are left out of the gradients",
       with({.interior = true})},
      {"conv.db_mean", "db is the mean over batch and pixels; it is the sum", with({.db_per_pixel = true})},
      {"conv.db_batch_mean", "db is divided by the batch; it is the sum over batch and pixels",
       with({.db_per_batch = true})},
      {"conv.db_last_example", "db holds the last example's sum alone: the batch is not summed",
       with({.db_last_batch = true})},
      {"conv.db_zero", "db is zero: the bias is part of every pixel of y", with({.db = 0})},
      {"conv.dw_batch_mean", "dw is divided by the batch: dy holds that division already, if there is one",
       with({.dw_per_batch = true})}};
}

std::vector<Mistake> conv_transpose_mistakes() {
  return {
      {"convT.padding_ignored", "the padding is left out: it crops p pixels on every side",
       conv_transpose_with({.no_padding = true})},
      {"convT.padding_enlarges", "the padding makes the answer larger; here it crops p pixels on every side",
       conv_transpose_with({.padding_sign = true, .grows = true})},
      {"convT.no_output_padding", "output_padding is left out of the answer's size",
       conv_transpose_with({.no_output_padding = true})},
      {"convT.output_padding_first",
       "output_padding moves the picture: its rows are added at the bottom and at the right",
       conv_transpose_with({.padded_first = true})},
      {"convT.too_large",
       "the size is s I + U - 2p + ..; the first pixel is no step: s (I - 1) + U - 2p + ..",
       conv_transpose_with({.long_by_s = true})},
      {"convT.half_padded", "the padding counts once in the answer's size; it crops both sides, 2p",
       conv_transpose_with({.half_padded = true})},
      {"convT.dilated", "the stride stands before u, not before i: the window is torn apart, i + s u - p",
       conv_transpose_with({.dilated = true})},
      {"convT.stride_ignored", "the windows are painted one pixel apart, not a stride apart",
       conv_transpose_with({.no_stride = true})},
      {"convT.flipped",
       "the window is turned round: pixel s i + u - p takes w[k,u,v,c] itself (who inserts zeros and slides "
       "a "
       "window over them has to turn it)",
       conv_transpose_with({.flipped = true})},
      {"convT.turned", "u and v are exchanged: u counts rows, v columns",
       conv_transpose_with({.turned = true})},
      {"convT.channels_swapped", "the weights are read as [C, U, V, K]; they are [K, U, V, C] here, too",
       conv_transpose_with({.swapped = true})},
      {"convT.overwritten", "overlapping windows overwrite one another: = instead of +=",
       conv_transpose_with({.overwritten = true})},
      {"convT.no_bias", "the bias is left out", conv_transpose_with({.no_bias = true})},
      {"convT.bias_per_window", "the bias is added with every weight, not once for every pixel of the answer",
       conv_transpose_with({.bias_per_weight = true})}};
}

std::vector<Mistake> conv_transpose_gradient_mistakes() {
  const auto with = [](Knobs knobs) { return gradients_with(true, knobs); };
  return {
      {"convT.dx_flipped", "dx meets the window turned round: x[i, j] has painted with w[k,u,v,c] itself",
       with({.flipped = true, .dx_only = true})},
      {"convT.dx_channels_swapped", "in dx the weights are read as [C, U, V, K]; they are [K, U, V, C]",
       with({.swapped = true, .dx_only = true})},
      {"convT.grads_no_padding", "the crop is left out: x[i, j] has painted from pixel s i - p on",
       with({.no_padding = true})},
      {"convT.grads_padding_sign",
       "the padding is added, not taken away: x[i, j] has painted from s i - p on",
       with({.padding_sign = true})},
      {"convT.grads_no_stride", "the stride is left out: x[i, j] has painted from pixel s i - p on",
       with({.no_stride = true})},
      {"convT.grads_no_slope", "the slope dL/dy is left out of dx and dw (the chain rule)",
       with({.no_slope = true})},
      {"convT.dx_overwritten", "the terms of dx overwrite one another: += is due",
       with({.overwritten = true, .dx_only = true})},
      {"convT.dw_overwritten", "the terms of dw overwrite one another: += is due",
       with({.overwritten = true, .dw_only = true})},
      {"convT.db_mean", "db is the mean over batch and pixels; it is the sum", with({.db_per_pixel = true})},
      {"convT.db_batch_mean", "db is divided by the batch; it is the sum over batch and pixels",
       with({.db_per_batch = true})},
      {"convT.db_zero", "db is zero: the bias is part of every pixel of y", with({.db = 0})},
      {"convT.dw_batch_mean", "dw is divided by the batch: dy holds that division already, if there is one",
       with({.dw_per_batch = true})}};
}

}  // namespace

std::vector<Check> checks_03() {
  const std::vector<std::string> in = {"x", "w", "b", "(stride, padding, output padding)"},
                                 in_and_slope = {"x", "w", "b", "(stride, padding, output padding)", "dL/dy"},
                                 gradients = {"dx", "dw", "db"};
  const Draw conv_slopes = with_slope(conv_inputs, conv_with({})),
             transpose_slopes = with_slope(conv_transpose_inputs, conv_transpose_with({}));
  const auto by_hand = [&](const char* todo, int points, const char* call, Draw draw) {
    return Check{.todo = todo,
                 .title = "the lesson's example",
                 .points = points,
                 .call = call,
                 .draw = std::move(draw),
                 .cases = 1,
                 .inputs = in_and_slope,
                 .outputs = {"y"}};
  };
  const auto no_bias = [&](const char* todo, const char* call, const Draw& draw) {
    return Check{.todo = todo,
                 .title = "without bias",
                 .points = 4,
                 .call = call,
                 .draw = without_bias(draw),
                 .inputs = in,
                 .outputs = {"y"}};
  };
  std::vector<Check> all;
  all.push_back(by_hand("3.1", 6, "conv2d", conv_by_hand));
  all.push_back({.todo = "3.1",
                 .title = "odd shapes",
                 .points = 18,
                 .call = "conv2d",
                 .draw = conv_inputs,
                 .cases = 6,
                 .mistakes = conv_mistakes(),
                 .inputs = in,
                 .outputs = {"y"}});
  all.push_back(no_bias("3.1", "conv2d", conv_inputs));

  all.push_back(by_hand("3.2", 4, "conv2d.backward", conv_slope_by_hand));
  all.back().outputs = gradients;
  all.push_back({.todo = "3.2",
                 .title = "gradients",
                 .points = 20,
                 .call = "conv2d.backward",
                 .draw = conv_slopes,
                 .cases = 6,
                 .mistakes = conv_gradient_mistakes(),
                 .inputs = in_and_slope,
                 .outputs = gradients,
                 .differentiates = "conv2d"});

  all.push_back(by_hand("3.3", 6, "conv_transpose2d", conv_transpose_by_hand));
  all.push_back({.todo = "3.3",
                 .title = "odd shapes",
                 .points = 16,
                 .call = "conv_transpose2d",
                 .draw = conv_transpose_inputs,
                 .cases = 6,
                 .mistakes = conv_transpose_mistakes(),
                 .inputs = in,
                 .outputs = {"y"}});
  all.push_back(no_bias("3.3", "conv_transpose2d", conv_transpose_inputs));

  all.push_back(by_hand("3.4", 4, "conv_transpose2d.backward", conv_transpose_slope_by_hand));
  all.back().outputs = gradients;
  all.push_back({.todo = "3.4",
                 .title = "gradients",
                 .points = 18,
                 .call = "conv_transpose2d.backward",
                 .draw = transpose_slopes,
                 .cases = 6,
                 .mistakes = conv_transpose_gradient_mistakes(),
                 .inputs = in_and_slope,
                 .outputs = gradients,
                 .differentiates = "conv_transpose2d"});
  return all;
}

}  // namespace gradus::grade
