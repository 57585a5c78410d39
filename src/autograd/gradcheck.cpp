#include "gradus/autograd/gradcheck.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

/// y = sum_i c_i x_i            dx = c dy
struct WeightedSum {
  Tensor c;
  Tensor forward(const Tensor& x) {
    double sum = 0;
    for (Index i = 0; i < x.size(); ++i) sum += static_cast<double>(c[i]) * x[i];
    return Tensor::full({1}, static_cast<Real>(sum));
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = c.clone();
    for (Real& value : dx.values()) value *= dy[0];
    return {dx};
  }
};

}  // namespace

GradcheckResult gradcheck(const std::function<Var(std::span<const Var>)>& f,
                          const std::vector<Tensor>& inputs, double step, std::uint64_t seed) {
  std::vector<std::unique_ptr<Parameter>> parameters;
  for (const Tensor& input : inputs) parameters.push_back(std::make_unique<Parameter>(input.clone()));
  const auto run = [&] {
    std::vector<Var> vars;
    for (const auto& parameter : parameters) vars.emplace_back(*parameter);
    return f(vars);
  };

  Tensor weights;
  {
    Tape tape;
    const Var y = run();
    Rng rng(seed);
    weights = Tensor::uniform(y.shape(), rng, Real(0.5), Real(1.5));
    tape.backward(record(WeightedSum{weights}, y));
  }
  const auto value = [&] { return static_cast<double>(WeightedSum{weights}.forward(run().value()).item()); };

  GradcheckResult worst;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    Parameter& parameter = *parameters[p];
    GRADUS_CHECK(parameter.grad, "gradcheck: no gradient reached input ", p);
    for (Index i = 0; i < parameter.value.size(); ++i) {
      const Real before = parameter.value[i];
      parameter.value[i] = static_cast<Real>(before + step);
      const double above = value(), width_above = static_cast<double>(parameter.value[i]) - before;
      parameter.value[i] = static_cast<Real>(before - step);
      const double below = value(), width_below = before - static_cast<double>(parameter.value[i]);
      parameter.value[i] = before;
      const double numeric = (above - below) / (width_above + width_below), analytic = parameter.grad[i];
      const double error =
          std::abs(analytic - numeric) / std::max({1.0, std::abs(analytic), std::abs(numeric)});
      if (!(error <= worst.error)) {  // written so that NaN counts as the worst
        worst.error = std::isnan(error) ? INFINITY : error;
        worst.where = text("input ", p, ", element ", i, ": backward ", analytic, ", differences ", numeric);
      }
    }
  }
  return worst;
}

}  // namespace gradus
