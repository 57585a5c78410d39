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

/// All elements, or a random subset of them.
std::vector<Index> chosen(Index size, Index probes, Rng& rng) {
  std::vector<Index> order = rng.permutation(size);
  if (probes > 0 && probes < size) order.resize(static_cast<std::size_t>(probes));
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

GradcheckResult gradcheck(const std::function<Var(std::span<const Var>)>& f,
                          const std::vector<Tensor>& inputs, double step, std::uint64_t seed, Index probes) {
  std::vector<std::unique_ptr<Parameter>> parameters;
  for (const Tensor& input : inputs) parameters.push_back(std::make_unique<Parameter>(input.clone()));
  const auto run = [&] {
    std::vector<Var> vars;
    for (const auto& parameter : parameters) vars.emplace_back(*parameter);
    return f(vars);
  };

  Rng rng(seed);
  Tensor weights;
  {
    Tape tape;
    const Var y = run();
    weights = Tensor::uniform(y.shape(), rng, Real(0.5), Real(1.5));
    tape.backward(record(WeightedSum{weights}, y));
  }

  GradcheckResult worst;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    Parameter& parameter = *parameters[p];
    GRADUS_CHECK(parameter.grad, "gradcheck: no gradient reached input ", p);
    for (const Index i : chosen(parameter.value.size(), probes, rng)) {
      const Real before = parameter.value[i];
      const auto outputs_at = [&](double x) {
        parameter.value[i] = static_cast<Real>(x);
        return run().value().clone();  // the output of a reshape is a view of the input
      };
      const Tensor above = outputs_at(before + step), below = outputs_at(before - step);
      parameter.value[i] = before;
      const double width =
          static_cast<double>(static_cast<Real>(before + step)) - static_cast<Real>(before - step);
      double rise = 0;  // a sum of differences: the difference of two sums would lose significant digits
      for (Index o = 0; o < above.size(); ++o)
        rise += static_cast<double>(weights[o]) * (static_cast<double>(above[o]) - below[o]);
      const double numeric = rise / width, analytic = parameter.grad[i];
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
