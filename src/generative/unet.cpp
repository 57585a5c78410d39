#include "gradus/generative/unet.hpp"

#include <cmath>

#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/embedding.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"

namespace gradus {
namespace {

constexpr Real time_scale = 1000;  // the embedding's waves are for times up to about 1000

UnetOptions checked(const UnetOptions& options) {
  GRADUS_CHECK(options.stem_stride == 1 || options.stem_stride == 2, "Unet: stem_stride must be 1 or 2, got ",
               options.stem_stride);
  GRADUS_CHECK(options.width >= 1 && options.groups >= 1 && options.width % options.groups == 0,
               "Unet: ", options.groups, " groups do not divide the width ", options.width);
  GRADUS_CHECK(options.time >= 2 && options.time % 2 == 0, "Unet: time must be even and positive, got ",
               options.time);
  GRADUS_CHECK(options.channels >= 1 && options.classes >= 0, "Unet: channels must be positive, got ",
               options.channels, ", and classes not negative, got ", options.classes);
  return options;
}

ConvOptions three_by_three(Index stride = 1) { return {.size = 3, .stride = stride, .padding = 1}; }
/// From the image to the inner resolution, and back.
ConvOptions window_of(const UnetOptions& options) {
  return options.stem_stride == 2 ? ConvOptions{.size = 4, .stride = 2, .padding = 1} : three_by_three();
}

}  // namespace

UnetBlock::UnetBlock(Module& parent, const std::string& name, Index width, const UnetOptions& options)
    : Module(parent, name),
      norm1(*this, "norm1", options.groups, width),
      conv1(*this, "conv1", width, width, three_by_three()),
      time(*this, "time", options.time, width),
      norm2(*this, "norm2", options.groups, width),
      conv2(*this, "conv2", width, width, three_by_three()) {}

Var UnetBlock::operator()(const Var& x, const Var& embedding) {
  const Var h = add_channels(conv1(silu(norm1(x))), time(embedding));
  return x + conv2(silu(norm2(h)));
}

UnetAttention::UnetAttention(Module& parent, const std::string& name, Index width, const UnetOptions& options)
    : Module(parent, name),
      norm(*this, "norm", options.groups, width),
      query(*this, "query", width, width, {.size = 1}),
      key(*this, "key", width, width, {.size = 1}),
      value(*this, "value", width, width, {.size = 1}),
      out(*this, "out", width, width, {.size = 1}) {}

Var UnetAttention::operator()(const Var& x) {
  const Index B = x.dim(0), P = x.dim(1) * x.dim(2), C = x.dim(3);
  const Var h = norm(x);
  const auto pixels = [&](Conv2d& layer) { return reshape(layer(h), Shape{B, P, C}); };
  const Var scores =
      batched_matmul(pixels(query), pixels(key), Transpose::yes) / std::sqrt(static_cast<Real>(C));
  return x + out(reshape(batched_matmul(softmax(scores), pixels(value)), x.shape()));
}

Unet::Unet(Rng& random, const UnetOptions& options_in)
    : Module(random),
      options(checked(options_in)),
      time_(*this, "time", options.time, options.time),
      label_table_(options.classes > 0
                       ? Tensor::randn({options.classes + 1, options.time}, random, 0, Real(0.5))
                       : Tensor()),
      stem_(*this, "stem", options.channels, options.width, window_of(options)),
      before_(*this, "before", options.width, options),
      down_(*this, "down", options.width, 2 * options.width, three_by_three(2)),
      low1_(*this, "low1", 2 * options.width, options),
      attention_(options.attention
                     ? std::make_unique<UnetAttention>(*this, "attention", 2 * options.width, options)
                     : nullptr),
      low2_(*this, "low2", 2 * options.width, options),
      up_(*this, "up", 2 * options.width, options.width, three_by_three()),
      mix_(*this, "mix", 2 * options.width, options.width, {.size = 1}),
      after_(*this, "after", options.width, options),
      out_(*this, "out", options.width, options.channels, window_of(options)) {
  if (options.classes > 0) add_parameter("labels", label_table_);
  out_.w.value.fill(0);
  out_.b.value.fill(0);
}

Var Unet::embedding(const Tensor& t, const std::vector<int>& labels) {
  const Var waves = sinusoidal_embedding(affine(t, time_scale, 0), options.time);
  Var e = time_(waves);
  if (options.classes > 0) {
    const std::vector<int> none(static_cast<std::size_t>(t.dim(0)), static_cast<int>(options.classes));
    e = e + gather(label_table_, labels.empty() ? none : labels);
  }
  return silu(e);
}

Var Unet::operator()(const Var& x, const Tensor& t, const std::vector<int>& labels) {
  check_rank("Unet", "x", x.value(), 4);
  GRADUS_CHECK(t.shape() == Shape{x.dim(0)}, "Unet: t must be [", x.dim(0), "] for x ", x.shape(), ", got ",
               t.shape());
  GRADUS_CHECK(labels.empty() || (options.classes > 0 && std::ssize(labels) == x.dim(0)),
               "Unet: ", labels.size(), " labels for x ", x.shape(), " and ", options.classes,
               " classes, expected one per image, or none");
  const Index step = 2 * options.stem_stride;
  GRADUS_CHECK(x.dim(1) % step == 0 && x.dim(2) % step == 0, "Unet: height and width must be divisible by ",
               step, ", got ", x.shape());
  const Var e = embedding(t, labels);
  const Var h = before_(stem_(x), e);
  Var low = low1_(down_(h), e);
  if (attention_) low = (*attention_)(low);
  low = up_(upsample_nearest(low2_(low, e)));
  return out_(after_(mix_(concat({low, h}, 3)), e));
}

}  // namespace gradus
