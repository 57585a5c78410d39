// Gradients of flows, of the diffusion loss and of the U-Net,
// and log-determinants against numerical Jacobians, in double.
#include <algorithm>
#include <cmath>

#include "gradients.hpp"
#include "gradus/generative/affine_coupling.hpp"
#include "gradus/generative/change_of_variables.hpp"
#include "gradus/generative/diffusion.hpp"
#include "gradus/generative/flow.hpp"
#include "gradus/generative/unet.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

using namespace gradus;

namespace {

/// log |det| of a square matrix, by Gaussian elimination with pivots.
double log_abs_det(std::vector<double> a, Index n) {
  const auto at = [&](Index i, Index j) -> double& { return a[static_cast<std::size_t>(i * n + j)]; };
  double sum = 0;
  for (Index k = 0; k < n; ++k) {
    Index pivot = k;
    for (Index i = k; i < n; ++i)
      if (std::abs(at(i, k)) > std::abs(at(pivot, k))) pivot = i;
    for (Index j = 0; j < n; ++j) std::swap(at(k, j), at(pivot, j));
    sum += std::log(std::abs(at(k, k)));
    for (Index i = k + 1; i < n; ++i) {
      const double factor = at(i, k) / at(k, k);
      for (Index j = k; j < n; ++j) at(i, j) -= factor * at(k, j);
    }
  }
  return sum;
}

/// log |det df/dx| at x [1, D], from central differences of f.
double numerical_log_det(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  const Index D = x.dim(1);
  const double h = 1e-5;
  std::vector<double> jacobian(static_cast<std::size_t>(D * D));
  for (Index j = 0; j < D; ++j) {
    Tensor low = x.clone(), high = x.clone();
    low[j] -= h, high[j] += h;
    const Tensor a = f(low), b = f(high);
    for (Index i = 0; i < D; ++i) jacobian[static_cast<std::size_t>(i * D + j)] = (b[i] - a[i]) / (2 * h);
  }
  return log_abs_det(std::move(jacobian), D);
}

/// A flow whose networks are not at their start, where every coupling is the identity.
void disturb(Module& module, Rng& rng, Real size) {
  for (Parameter* parameter : module.parameters())
    for (Real& value : parameter->value.values()) value += size * rng.normal();
}

/// Compares every parameter's gradient with a difference quotient of the loss, at one element per parameter.
void check_parameters(Module& module, const std::function<Var()>& loss) {
  for (Parameter* parameter : module.parameters()) parameter->grad = Tensor();
  {
    Tape tape;
    tape.backward(loss());
  }
  for (const auto& [name, parameter] : module.named_parameters()) {
    const std::string& which = name;
    CAPTURE(which);
    REQUIRE(parameter->grad.shape() == parameter->value.shape());
    const Index i = parameter->value.size() / 2;
    const auto loss_at = [&, parameter = parameter](Real shift) {
      const Real before = parameter->value[i];
      parameter->value[i] = before + shift;
      const double value = loss().item();
      parameter->value[i] = before;
      return value;
    };
    const double h = 1e-5, numerical = (loss_at(h) - loss_at(-h)) / (2 * h);
    CHECK(parameter->grad[i] == doctest::Approx(numerical).epsilon(1e-7).scale(1));
  }
}

}  // namespace

TEST_CASE("gradients of couplings, the change of variables and the prediction loss") {
  Rng rng(31);
  for (const auto& [B, D] : {std::pair<Index, Index>{1, 1}, {1, 5}, {7, 1}, {3, 13}, {5, 67}}) {
    const Tensor mask = random_half_mask(D, rng), other = opposite_mask(mask);
    const Tensor x = Tensor::randn({B, D}, rng), s = Tensor::randn({B, D}, rng, 0, Real(0.5)),
                 t = Tensor::randn({B, D}, rng);
    for (const Tensor& m : {mask, other}) {
      check("affine_coupling", [&](Vars v) { return affine_coupling(m, v[0], v[1], v[2]); }, {x, s, t});
      check("inverse_coupling", [&](Vars v) { return inverse_coupling(m, v[0], v[1], v[2]); }, {x, s, t});
      check("coupling_log_det", [&](Vars v) { return coupling_log_det(m, v[0]); }, {s});
    }
    check("change_of_variables", [](Vars v) { return change_of_variables(v[0], v[1]); },
          {x, Tensor::randn({B}, rng)});
    check("prediction_loss", [](Vars v) { return prediction_loss(v[0], v[1]); }, {x, t});
    const std::vector<Index> times(static_cast<std::size_t>(B), 7);
    check("noise_of_velocity",
          [&](Vars v) { return noise_of_velocity(v[0], v[1], times, cosine_schedule(10)); }, {x, t});
  }
}

TEST_CASE("log-determinants of flows equal those of numerical Jacobians") {
  Rng rng(32);
  for (const Index D : {1, 2, 3, 6}) {
    const Tensor mask = random_half_mask(D, rng);
    Flow flow(rng, {mask, opposite_mask(mask), mask, opposite_mask(mask)}, 7);
    disturb(flow, rng, Real(0.4));
    const Tensor x = Tensor::randn({1, D}, rng);
    const double numerical =
        numerical_log_det([&](const Tensor& place) { return flow.encode(place).first.value(); }, x);
    const double exact = flow.encode(x).second.item();
    CHECK(std::abs(exact) > (D == 1 ? 1e-4 : 0.01));
    CHECK(exact == doctest::Approx(numerical).epsilon(1e-6));
  }
}

TEST_CASE("decode inverts encode, and its log-determinant is the negative one") {
  Rng rng(36);
  for (const Index D : {1, 2, 5}) {
    const Tensor mask = random_half_mask(D, rng);
    std::vector<Tensor> masks;
    for (int i = 0; i < 8; ++i) masks.push_back(i % 2 == 0 ? mask : opposite_mask(mask));
    Flow flow(rng, masks, 64);
    disturb(flow, rng, Real(0.1));
    const Tensor x = Tensor::randn({200, D}, rng);
    const auto [z, log_det] = flow.encode(x);
    const Tensor back = flow.decode(z).value();
    double error = 0, moved = 0;
    for (Index i = 0; i < x.size(); ++i) {
      error = std::max(error, std::abs(back[i] - x[i]));
      moved = std::max(moved, std::abs(z.value()[i] - x[i]));
    }
    CHECK(moved > 0.1);
    CHECK(error < 1e-10);
    const double inverse = numerical_log_det([&](const Tensor& place) { return flow.decode(place).value(); },
                                             z.value().rows(0, 1));
    CHECK(inverse == doctest::Approx(-log_det.value()[0]).epsilon(1e-6).scale(1));
  }
}

TEST_CASE("the logit transform's log-determinant equals that of its numerical Jacobian") {
  Rng rng(33);
  const Tensor u = Tensor::uniform({1, 4}, rng);
  for (const Real alpha : {Real(0), Real(0.05), Real(0.3)}) {
    const double numerical =
        numerical_log_det([=](const Tensor& v) { return logit_transform(v, alpha).values; }, u);
    CHECK(logit_transform(u, alpha).log_det[0] == doctest::Approx(numerical).epsilon(1e-7));
  }
}

TEST_CASE("gradients of a flow's log density for points and parameters") {
  Rng rng(34);
  const Tensor mask = random_half_mask(3, rng);
  Flow flow(rng, {mask, opposite_mask(mask)}, 5);
  disturb(flow, rng, Real(0.3));
  const Tensor x = Tensor::randn({4, 3}, rng);
  check("log_density", [&](Vars v) { return flow.log_density(v[0]); }, {x});
  check_parameters(flow, [&] { return sum(flow.log_density(x)); });
}

TEST_CASE("gradients of the U-Net for image and parameters") {
  Rng rng(35);
  for (const bool attention : {false, true}) {
    Unet net(rng, {.width = 4,
                   .stem_stride = attention ? Index(1) : Index(2),
                   .time = 6,
                   .groups = 2,
                   .classes = 2,
                   .attention = attention});
    disturb(net, rng, Real(0.1));
    const Tensor x = Tensor::randn({2, 8, 8, 1}, rng), t = Tensor::of({2}, {Real(0.011), Real(0.7)}),
                 weight = Tensor::randn(x.shape(), rng);
    const std::vector<int> labels{1, 2};
    check("image", [&](Vars v) { return net(v[0], t, labels); }, {x});
    check_parameters(net, [&] { return sum(net(x, t, labels) * weight); });
  }
}
