#pragma once
// The border between a panel's C++ and its script: every function of a panel returns an Answer.
//
//   extern "C" EMSCRIPTEN_KEEPALIVE const Answer* gan_step(int network) { return answer([&] { ... }); }
//
// page/engine.js reads it: engine.call("gan_step", 0) returns the numbers, or throws with the message.
#include <emscripten.h>

#include <type_traits>
#include <utility>
#include <vector>

#include "gradus/base/todo.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus::studio {

/// The result of one call. Valid until the next call.
struct Answer {
  const char* error;  ///< one sentence, or null
  const char* todo;   ///< the id of the task that is not written yet ("8.1"), or null
  const float* numbers;
  int count;
};

/// The one Answer, with these numbers.
const Answer* keep(std::vector<float> numbers);
const Answer* keep_error(const char* message, const char* todo);

inline std::vector<float> numbers_of(const Tensor& x) { return {x.values().begin(), x.values().end()}; }
inline std::vector<float> numbers_of(std::vector<float> x) { return x; }

/// Runs the function, which returns nothing, numbers or a Tensor, and catches what it throws.
template <class Function>
const Answer* answer(Function&& function) {
  try {
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      return keep({});
    } else {
      return keep(numbers_of(function()));
    }
  } catch (const NotImplemented& missing) {
    return keep_error(missing.what(), missing.id.c_str());
  } catch (const std::exception& error) {
    return keep_error(error.what(), nullptr);
  }
}

}  // namespace gradus::studio
