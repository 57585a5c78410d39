#include "gradus/nn/ema.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

Ema::Ema(Module& module, Real decay, bool warm_up)
    : module_(module), weights_(module.state()), limit_(decay), decay_(decay), warm_up_(warm_up) {
  GRADUS_CHECK(decay >= 0 && decay < 1, "Ema: the decay must be in [0, 1), got ", decay);
  for (const auto& [name, tensor] : weights_.tensors) average_.tensors.emplace_back(name, tensor.clone());
  if (warm_up) average_.counters.emplace_back("steps", &steps_);
}

void Ema::update() {
  follow();
  if (warm_up_) {
    const Real n = static_cast<Real>(++steps_);
    decay_ = std::min(limit_, n / (n + 9));
  }
  // [8.4]
  for (std::size_t i = 0; i < weights_.tensors.size(); ++i) {
    Tensor& average = average_.tensors[i].second;
    zip(average.size(), average.data(), weights_.tensors[i].second.data(), average.data(),
        [d = decay_](Real a, Real w) { return d * a + (1 - d) * w; });
  }
  // [end]
  for (auto& [name, average] : average_.tensors) average.touch();
}

void Ema::exchange() {
  for (std::size_t i = 0; i < weights_.tensors.size(); ++i) {
    auto a = average_.tensors[i].second.values(), w = weights_.tensors[i].second.values();
    std::swap_ranges(a.begin(), a.end(), w.begin());
    average_.tensors[i].second.touch();
    weights_.tensors[i].second.touch();
  }
}

}  // namespace gradus
