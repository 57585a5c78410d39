#pragma once
// What the gradient tests share: one comparison of backward with differences of forward.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gradus/autograd/gradcheck.hpp"

namespace gradus {

static_assert(sizeof(Real) == sizeof(double), "gradients are checked in double: build with GRADUS_DOUBLE");

using Vars = std::span<const Var>;
using Function = std::function<Var(Vars)>;

/// Checks all inputs together, then each alone with the others constant, which tests `needs`. Of more
/// than 512 elements only a sample is compared.
inline void check(const std::string& name, const Function& f, const std::vector<Tensor>& inputs,
                  double step = 1e-5) {
  Index most = 0;
  std::string shapes;
  for (const Tensor& input : inputs) most = std::max(most, input.size()), shapes += " " + input.shape().str();
  const auto judge = [&](const std::string& what, const GradcheckResult& result) {
    if (result.error < 1e-7) return;
    FAIL_CHECK(name << shapes << what << ": error " << result.error << " at " << result.where);
  };
  judge("", gradcheck(f, inputs, step, 1, most > 512 ? 40 : 0));
  for (std::size_t alone = 0; alone < inputs.size() && inputs.size() > 1; ++alone) {
    const Function g = [&](Vars x) {
      std::vector<Var> all(inputs.begin(), inputs.end());
      all[alone] = x[0];
      return f(all);
    };
    judge(", input " + std::to_string(alone) + " alone",
          gradcheck(g, {inputs[alone]}, step, 2, most > 512 ? 20 : 0));
  }
}

}  // namespace gradus
