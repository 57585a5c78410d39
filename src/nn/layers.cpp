#include "gradus/nn/layers.hpp"

#include "gradus/base/check.hpp"

namespace gradus {

Mlp::Mlp(Module& parent, const std::string& name, const std::vector<Index>& sizes, Activation between)
    : Module(parent, name), activation(between) {
  GRADUS_CHECK(sizes.size() >= 2, "Mlp ", name, ": needs at least two sizes, got ", sizes.size());
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
    layers.push_back(std::make_unique<Linear>(*this, text("layer", i + 1), sizes[i], sizes[i + 1]));
}

Var Mlp::operator()(const Var& x) {
  Var h = (*layers[0])(x);
  for (std::size_t i = 1; i < layers.size(); ++i) h = (*layers[i])(activation(h));
  return h;
}

}  // namespace gradus
