#pragma once
// A sheet of codes whose computation may fail: normal_quantile throws at 0 and 1, which is a known mistake.
#include <charconv>
#include <functional>
#include <string>

#include "../calls.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {

inline constexpr double none_refused = -1;

/// out: [1] the probability refused by normal_quantile, or none_refused; the codes, empty after a refusal
inline Tensors sheet_or_refusal(const std::function<Tensor()>& sheet) {
  const auto one = [](double value) { return Tensor::full({1}, static_cast<Real>(value)); };
  try {
    return {one(none_refused), sheet()};
  } catch (const Error& error) {
    const std::string words = error.what();
    const auto got = words.rfind("got ");
    if (words.rfind("normal_quantile", 0) != 0 || got == words.npos) throw;
    double probability = 0;  // may be nan or inf, which parse_number rejects
    std::from_chars(words.data() + got + 4, words.data() + words.size(), probability);
    return {one(probability), Tensor()};
  }
}

}  // namespace gradus::grade
