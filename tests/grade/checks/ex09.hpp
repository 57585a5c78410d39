#pragma once
// Exercise 9 in two files, with their shared declarations.
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_09_neighbours();  ///< 9.3 and 9.4

inline Tensor number(double value) { return Tensor::of({1}, {static_cast<Real>(value)}); }

inline Check by_hand(const char* todo, int points, const char* call, Tensors in) {
  return {.todo = todo,
          .title = "the lesson's example",
          .points = points,
          .call = call,
          .draw = [in](Rng&, int) { return in; },
          .cases = 1};
}
/// The most recently added check, with names.
inline void name(Check& check, std::vector<std::string> inputs, std::vector<std::string> outputs) {
  check.inputs = std::move(inputs), check.outputs = std::move(outputs);
}

}  // namespace gradus::grade
