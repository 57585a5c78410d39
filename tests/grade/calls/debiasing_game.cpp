#include "debiasing_game.hpp"

#include <algorithm>

#include "gradus/nn/layers.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/shaping.hpp"
#include "value_and_gradients.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::of({1}, {static_cast<Real>(value)}); }

struct Coder : Module {
  BatchNorm norm{*this, "norm", 3};
  Linear code;
  Coder(Rng& rng, const Tensor& w) : Module(rng), code(*this, "code", w.dim(1), w.dim(0)) {
    code.w.value.copy_from(w);
    code.b.value.fill(0);
  }
  Var operator()(const Var& x) { return code(reshape(norm(x), {x.dim(0), code.w.value.dim(1)})); }
};

}  // namespace

Tensors debiasing_batch(const Tensors& in, const DebiasingLoss& loss) {
  int calls = 0;
  const auto nll = [&](const Var& z) {
    ++calls;
    return Real(0.5) * squared_error(z, in[5]);
  };
  Tensors out = value_and_gradients(
      [&](const std::vector<Var>& v) { return loss(v[0], in[1], v[1], v[2], in[4], nll, in[6].item()); },
      {in[0], in[2], in[3]}, in[7]);
  out.push_back(number(calls));
  return out;
}

Tensors coded_images(const Tensors& in, const LatentMeans& means) {
  Rng rng(1);
  Coder coder(rng, in[1]);
  coder.norm.running.mean.copy_from(in[2]);
  coder.train(in[4].item() == 1);
  Index calls = 0, largest = 0;
  const auto mean_of = [&](const Tensor& x) {
    ++calls;
    largest = std::max(largest, x.dim(0));
    return coder(x);
  };
  const Tensor codes = means(coder, mean_of, in[0], static_cast<Index>(in[3].item()));
  return {codes, Tensor::of({2}, {Real(coder.training()), Real(coder.norm.training())}),
          coder.norm.running.mean.clone(), number(static_cast<double>(calls)),
          number(static_cast<double>(largest))};
}

}  // namespace gradus::grade
