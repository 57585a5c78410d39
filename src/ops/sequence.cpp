#include "gradus/ops/sequence.hpp"

#include "gradus/ops/checks.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"

namespace gradus {
namespace {

/// [A, N, C] -> [A, 1, N, C]
Var flat(const char* op, const char* what, const Var& x) {
  check_rank(op, what, x.value(), 3);
  return reshape(x, Shape{x.dim(0), 1, x.dim(1), x.dim(2)}, op);
}
/// [A, 1, N, C] -> [A, N, C]
Var sequence(const char* op, const Var& x) { return reshape(x, Shape{x.dim(0), x.dim(2), x.dim(3)}, op); }

ConvOptions along_width(const Conv1dOptions& options) {
  return {.stride = {1, options.stride},
          .padding = {0, options.padding},
          .output_padding = {0, options.output_padding}};
}

}  // namespace

Var conv1d(const Var& x, const Var& w, const Var& b, const Conv1dOptions& options) {
  const ConvOptions q = along_width(options);
  return sequence("conv1d", record(Conv2dOp{q.stride, q.padding, q.direct, "conv1d"}, flat("conv1d", "x", x),
                                   flat("conv1d", "w", w), b));
}
Var conv_transpose1d(const Var& x, const Var& w, const Var& b, const Conv1dOptions& options) {
  const Var picture = flat("conv_transpose1d", "x", x), window = flat("conv_transpose1d", "w", w);
  const ConvOptions q = along_width(options);
  return sequence("conv_transpose1d", record(ConvTranspose2dOp{q.stride, q.padding, q.output_padding,
                                                               q.direct, "conv_transpose1d"},
                                             picture, window, b));
}
Var max_pool1d(const Var& x, Index size, Index stride, Index padding) {
  const Var picture = flat("max_pool1d", "x", x);
  return sequence("max_pool1d", max_pool2d(picture, {1, size}, {1, stride}, {0, padding}, "max_pool1d"));
}
Var average_pool1d(const Var& x, Index size, Index stride, Index padding) {
  const Var picture = flat("average_pool1d", "x", x);
  return sequence("average_pool1d",
                  average_pool2d(picture, {1, size}, {1, stride}, {0, padding}, "average_pool1d"));
}

}  // namespace gradus
