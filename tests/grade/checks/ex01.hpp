#pragma once
// Exercise 1 in two parts: ops (ex01.cpp) and the tape (ex01_tape.cpp).
#include "../check.hpp"
#include "../inputs.hpp"

namespace gradus::grade {

/// y_i = f(i), of x's shape
template <class F>
Tensor each(const Tensor& x, F f) {
  Tensor y(x.shape());
  for (Index i = 0; i < x.size(); ++i) y[i] = static_cast<Real>(f(i));
  return y;
}

void accumulate_checks(std::vector<Check>& all);
void tape_checks(std::vector<Check>& all);

}  // namespace gradus::grade
