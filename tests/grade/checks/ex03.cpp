// Exercise 3: convolution and transposed convolution.
// Both connect the pixels of the input to the pixels of the output through weights.
// The typical mistakes are the same in all four passes, so one traversal has the knobs.
#include <algorithm>
#include <array>

#include "../check.hpp"
#include "../inputs.hpp"

namespace gradus::grade {
namespace {

struct Knobs {
  bool no_padding = false, padding_sign = false, no_stride = false, padding_by_stride = false,
       dilated = false;  // position of the window
  bool channels_first = false, flipped = false, swapped = false,
       turned = false;                                            // weight used at that position
  bool clamped = false, interior = false, zero_left_out = false;  // at the border
  bool answer_first = false;                                      // the output's channels come first
  bool overwritten = false;                                       // = for +=
  bool no_bias = false, bias_per_weight = false;                  // the bias
  bool short_by_one = false, rounded_up = false, half_padded = false, square = false, grows = false,
       long_by_s = false, no_output_padding = false, padded_first = false;
  bool dx_only = false, dw_only = false;  // where the knobs apply
  bool no_slope = false;                  // dy replaced by 1
  double db = 1;                          // scale of the gradient
  bool db_per_batch = false, db_per_pixel = false, dw_per_batch = false, db_last_batch = false;
};

struct Geometry {
  Index s, p, o;
};
Geometry geometry_of(const Tensor& settings) {
  return {static_cast<Index>(settings[0]), static_cast<Index>(settings[1]), static_cast<Index>(settings[2])};
}

/// Calls joined(element of the input, of the weights, of the output) as selected by the knobs.
template <class Joined>
void for_products(const Knobs& knobs, const Shape& picture, const Shape& weights, const Shape& answer,
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
    for_products(knobs, x.shape(), w.shape(), y.shape(), g, [&](Index n, Index weight, Index m) {
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
    for_products(knobs, y.shape(), w.shape(), x.shape(), g, [&](Index n, Index weight, Index m) {
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

/// For both ops: input and output are x and dy of one op, dy and x of the other.
Function gradients_with(bool transposed, Knobs knobs) {
  return [=](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &w = in[1], &dy = in[4];
    const Tensor &picture = transposed ? dy : x, &answer = transposed ? x : dy;
    Tensor dx = Tensor::zeros(x.shape()), dw = Tensor::zeros(w.shape());
    const auto pass = [&](const Knobs& now, auto joined) {
      for_products(now, picture.shape(), w.shape(), answer.shape(), geometry_of(in[3]), joined);
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

// ---- inputs ----------------------------------------------------------------------------------------------
// Odd sizes: height and width, U and V, C and K differ; strides that do not divide; a window one pixel wide;
// pixels outside every window. The first case is the smallest, for reading.

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
/// With dy, of the right output's shape.
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

// ---- mistakes --------------------------------------------------------------------------------------------

std::vector<Mistake> conv_mistakes() {
  return {
      {"conv.no_padding",
       "the padding is left out: only windows that lie completely inside the image are used",
       conv_with({.no_padding = true})},
      {"conv.padding_sign", "the padding is added, not subtracted: the window begins at s i - p",
       conv_with({.padding_sign = true})},
      {"conv.padding_by_stride", "the padding is multiplied by the stride: s (i - p) instead of s i - p",
       conv_with({.padding_by_stride = true})},
      {"conv.dilated", "the stride multiplies u, not i: this is a dilated window, i + s u - p",
       conv_with({.dilated = true})},
      {"conv.zero_left_out", "row 0 and column 0 of x are left out: use >= 0 instead of > 0",
       conv_with({.zero_left_out = true})},
      {"conv.half_padded", "the padding counts once in the output's size; it is on both sides, 2p",
       conv_with({.half_padded = true})},
      {"conv.square", "the output is always square: J is computed from W and V, not from H and U",
       conv_with({.square = true})},
      {"conv.answer_first",
       "the output is filled as [B, K, I, J]; the channel is the last index: [B, I, J, K]",
       conv_with({.answer_first = true})},
      {"conv.both_first",
       "x is read as [B, C, H, W] and the output filled as [B, K, I, J]; the channel is the last index of "
       "both",
       conv_with({.channels_first = true, .answer_first = true})},
      {"conv.stride_ignored", "the window moves by one pixel, not by the stride: it begins at s i - p",
       conv_with({.no_stride = true})},
      {"conv.flipped",
       "the window is flipped (the mathematical convolution): multiply x[.. + u ..] by w[u], not by w[U-1-u]",
       conv_with({.flipped = true})},
      {"conv.turned", "u and v are exchanged: u counts rows, v columns", conv_with({.turned = true})},
      {"conv.channels_swapped", "the weights are read as [C, U, V, K]; they are [K, U, V, C]",
       conv_with({.swapped = true})},
      {"conv.channels_first", "x is read as [B, C, H, W]; the channel is the last index: [B, H, W, C]",
       conv_with({.channels_first = true})},
      {"conv.short", "the output is too small: the + 1 of I = (H + 2p - U) / s + 1 is missing",
       conv_with({.short_by_one = true})},
      {"conv.rounded_up", "the output's size is rounded up; a window that exceeds the end does not count",
       conv_with({.rounded_up = true})},
      {"conv.no_bias", "the bias is left out", conv_with({.no_bias = true})},
      {"conv.bias_per_weight", "the bias is added with every weight, not once per output pixel",
       conv_with({.bias_per_weight = true})},
      {"conv.clamped", "outside the image the nearest pixel is used; x is zero there",
       conv_with({.clamped = true})},
      {"conv.border_skipped",
       "windows that cross the border are left out; only their weights outside the image must be",
       conv_with({.interior = true})},
      {"conv.last_term",
       "the terms overwrite one another: use += instead of =", conv_with({.overwritten = true})}};
}

std::vector<Mistake> conv_gradient_mistakes() {
  const auto with = [](Knobs knobs) { return gradients_with(false, knobs); };
  return {
      {"conv.dx_flipped",
       "dx uses a flipped window: the gradient uses the same weight as the forward pass, w[k,u,v,c]",
       with({.flipped = true, .dx_only = true})},
      {"conv.dx_channels_swapped", "in dx the weights are read as [C, U, V, K]; they are [K, U, V, C]",
       with({.swapped = true, .dx_only = true})},
      {"conv.grads_no_padding",
       "the padding is left out: dy[i, j] belongs to a window that begins at s i - p",
       with({.no_padding = true})},
      {"conv.grads_no_stride", "the stride is left out: dy[i, j] belongs to a window that begins at s i - p",
       with({.no_stride = true})},
      {"conv.grads_no_slope", "the factor dL/dy is missing in dx and dw (the chain rule)",
       with({.no_slope = true})},
      {"conv.dw_no_stride", "the stride is left out of dw (dx is right)",
       with({.no_stride = true, .dw_only = true})},
      {"conv.dx_overwritten",
       "the terms of dx overwrite one another: a pixel lies in several windows, so use +=",
       with({.overwritten = true, .dx_only = true})},
      {"conv.dw_overwritten",
       "the terms of dw overwrite one another: a weight is used at every position, so use +=",
       with({.overwritten = true, .dw_only = true})},
      {"conv.border_grads", "windows that cross the border are left out of the gradients",
       with({.interior = true})},
      {"conv.db_mean", "db is the mean over batch and pixels; it must be the sum",
       with({.db_per_pixel = true})},
      {"conv.db_batch_mean", "db is divided by the batch size; it must be the sum over batch and pixels",
       with({.db_per_batch = true})},
      {"conv.db_last_example", "db holds only the last example's sum: sum over the batch",
       with({.db_last_batch = true})},
      {"conv.db_zero", "db is zero: the bias is part of every pixel of y", with({.db = 0})},
      {"conv.dw_batch_mean",
       "dw is divided by the batch size: if the loss is a mean, dy already includes that factor",
       with({.dw_per_batch = true})}};
}

std::vector<Mistake> conv_transpose_mistakes() {
  return {
      {"convT.padding_ignored", "the padding is left out: it crops p pixels on every side",
       conv_transpose_with({.no_padding = true})},
      {"convT.padding_enlarges", "the padding makes the output larger; here it crops p pixels on every side",
       conv_transpose_with({.padding_sign = true, .grows = true})},
      {"convT.no_output_padding", "output_padding is left out of the output's size",
       conv_transpose_with({.no_output_padding = true})},
      {"convT.output_padding_first",
       "output_padding shifts the image: its pixels are added at the bottom and on the right",
       conv_transpose_with({.padded_first = true})},
      {"convT.too_large", "the size is s I + U - 2p + ..; I pixels have I - 1 steps: s (I - 1) + U - 2p + ..",
       conv_transpose_with({.long_by_s = true})},
      {"convT.half_padded", "the padding counts once in the output's size; it crops both sides, 2p",
       conv_transpose_with({.half_padded = true})},
      {"convT.dilated", "the stride multiplies u, not i: this is a dilated window, i + s u - p",
       conv_transpose_with({.dilated = true})},
      {"convT.stride_ignored", "the windows are one pixel apart, not a stride apart",
       conv_transpose_with({.no_stride = true})},
      {"convT.flipped",
       "the window is flipped: pixel s i + u - p uses w[k,u,v,c] itself (only the method that slides the a "
       "window over inserted zeros flips it)",
       conv_transpose_with({.flipped = true})},
      {"convT.turned", "u and v are exchanged: u counts rows, v columns",
       conv_transpose_with({.turned = true})},
      {"convT.channels_swapped", "the weights are read as [C, U, V, K]; they are [K, U, V, C] here as well",
       conv_transpose_with({.swapped = true})},
      {"convT.overwritten", "overlapping windows overwrite one another: use += instead of =",
       conv_transpose_with({.overwritten = true})},
      {"convT.no_bias", "the bias is left out", conv_transpose_with({.no_bias = true})},
      {"convT.bias_per_window", "the bias is added with every weight, not once per output pixel",
       conv_transpose_with({.bias_per_weight = true})}};
}

std::vector<Mistake> conv_transpose_gradient_mistakes() {
  const auto with = [](Knobs knobs) { return gradients_with(true, knobs); };
  return {{"convT.dx_flipped", "dx uses a flipped window: the forward pass uses w[k,u,v,c] itself at x[i, j]",
           with({.flipped = true, .dx_only = true})},
          {"convT.dx_channels_swapped", "in dx the weights are read as [C, U, V, K]; they are [K, U, V, C]",
           with({.swapped = true, .dx_only = true})},
          {"convT.grads_no_padding", "the crop is left out: the window of x[i, j] begins at pixel s i - p",
           with({.no_padding = true})},
          {"convT.grads_padding_sign",
           "the padding is added, not subtracted: the window of x[i, j] begins at s i - p",
           with({.padding_sign = true})},
          {"convT.grads_no_stride", "the stride is left out: the window of x[i, j] begins at pixel s i - p",
           with({.no_stride = true})},
          {"convT.grads_no_slope", "the factor dL/dy is missing in dx and dw (the chain rule)",
           with({.no_slope = true})},
          {"convT.dx_overwritten",
           "the terms of dx overwrite one another: use +=", with({.overwritten = true, .dx_only = true})},
          {"convT.dw_overwritten",
           "the terms of dw overwrite one another: use +=", with({.overwritten = true, .dw_only = true})},
          {"convT.db_mean", "db is the mean over batch and pixels; it must be the sum",
           with({.db_per_pixel = true})},
          {"convT.db_batch_mean", "db is divided by the batch size; it must be the sum over batch and pixels",
           with({.db_per_batch = true})},
          {"convT.db_zero", "db is zero: the bias is part of every pixel of y", with({.db = 0})},
          {"convT.dw_batch_mean",
           "dw is divided by the batch size: if the loss is a mean, dy already includes that factor",
           with({.dw_per_batch = true})}};
}

const std::vector<std::string> in = {"x", "w", "b", "(stride, padding, output padding)"},
                               in_and_slope = {"x", "w", "b", "(stride, padding, output padding)", "dL/dy"},
                               gradients = {"dx", "dw", "db"};

Check by_hand(const char* todo, int points, const char* call, Draw draw) {
  return {.todo = todo,
          .title = "the lesson's example",
          .points = points,
          .call = call,
          .draw = std::move(draw),
          .cases = 1,
          .inputs = in_and_slope,
          .outputs = {"y"}};
}
Check no_bias(const char* todo, const char* call, const Draw& draw) {
  return {.todo = todo,
          .title = "without bias",
          .points = 4,
          .call = call,
          .draw = without_bias(draw),
          .inputs = in,
          .outputs = {"y"}};
}

void add_conv(std::vector<Check>& all) {
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
                 .draw = with_slope(conv_inputs, conv_with({})),
                 .cases = 6,
                 .mistakes = conv_gradient_mistakes(),
                 .inputs = in_and_slope,
                 .outputs = gradients,
                 .differentiates = "conv2d"});
}

void add_conv_transpose(std::vector<Check>& all) {
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
                 .draw = with_slope(conv_transpose_inputs, conv_transpose_with({})),
                 .cases = 6,
                 .mistakes = conv_transpose_gradient_mistakes(),
                 .inputs = in_and_slope,
                 .outputs = gradients,
                 .differentiates = "conv_transpose2d"});
}

}  // namespace

std::vector<Check> checks_03() {
  std::vector<Check> all;
  add_conv(all);
  add_conv_transpose(all);
  return all;
}

}  // namespace gradus::grade
