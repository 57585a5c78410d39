#include "gradus/generative/flow.hpp"

#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {
namespace {

std::vector<Index> sizes_of(Index D, Index hidden, Index depth) {
  GRADUS_CHECK(D >= 1 && hidden >= 1 && depth >= 1,
               "CouplingLayer: D, hidden and depth must be positive, got ", D, ", ", hidden, " and ", depth);
  std::vector<Index> sizes{D};
  sizes.insert(sizes.end(), static_cast<std::size_t>(depth), hidden);
  sizes.push_back(2 * D);
  return sizes;
}

}  // namespace

CouplingLayer::CouplingLayer(Module& parent, const std::string& name, const Tensor& mask_in, Index hidden,
                             Index depth)
    : Module(parent, name),
      mask(mask_in),
      network(*this, "network", sizes_of(mask_in.size(), hidden, depth), relu),
      bound(Tensor::zeros({mask_in.size()})) {
  add_parameter("bound", bound);
  add_buffer("mask", mask);
  network.layers.back()->w.value.fill(0);
  network.layers.back()->b.value.fill(0);
}

std::pair<Var, Var> CouplingLayer::scale_and_shift(const Var& x) {
  const Index D = mask.size();
  check_rank("CouplingLayer", "x", x.value(), 2);
  const Var h = network(multiply_row(x, mask));
  return {multiply_row(tanh(slice(h, 1, 0, D)), exp(bound)), slice(h, 1, D, 2 * D)};
}

std::pair<Var, Var> CouplingLayer::operator()(const Var& x) {
  const auto [s, t] = scale_and_shift(x);
  return {affine_coupling(mask, x, s, t), coupling_log_det(mask, s)};
}

Var CouplingLayer::inverse(const Var& y) {
  const auto [s, t] = scale_and_shift(y);  // m y = m x: the coupling does not change what its network reads
  return inverse_coupling(mask, y, s, t);
}

Flow::Flow(Rng& random, const std::vector<Tensor>& masks, Index hidden, Index depth) : Module(random) {
  GRADUS_CHECK(!masks.empty(), "Flow: there must be at least one mask");
  for (const Tensor& mask : masks) {
    check_same_shape("Flow", masks.front(), mask);
    layers_.push_back(std::make_unique<CouplingLayer>(*this, "coupling" + std::to_string(layers_.size()),
                                                      mask, hidden, depth));
  }
}

std::pair<Var, Var> Flow::encode(const Var& x) {
  auto [z, log_det] = (*layers_.front())(x);
  for (std::size_t i = 1; i < layers_.size(); ++i) {
    auto [next, more] = (*layers_[i])(z);
    z = next, log_det = log_det + more;
  }
  return {z, log_det};
}

std::vector<Var> Flow::decode_stages(const Var& z) {
  std::vector<Var> stages;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
    stages.push_back((*layer)->inverse(stages.empty() ? z : stages.back()));
  return stages;
}

Var Flow::decode(const Var& z) { return decode_stages(z).back(); }

Var Flow::log_density(const Var& x) {
  const auto [z, log_det] = encode(x);
  return change_of_variables(z, log_det);
}

}  // namespace gradus
