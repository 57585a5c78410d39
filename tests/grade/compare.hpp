#pragma once
// Are two lists of tensors the same, and if not, how do they differ?
#include <optional>
#include <string>

#include "frame.hpp"

namespace gradus::grade {

/// Where two answers differ, in words: "kl has the shape [3, 1], expected [3]"; "element [1, 3] of dmu is
/// nan". Nothing when every number is within `tolerance` times the largest finite number expected in its
/// tensor. NaN equals nothing but an expected NaN; infinities must have the same sign.
std::optional<std::string> difference(const Tensors& expected, const Tensors& got, double tolerance,
                                      const std::vector<std::string>& names);

/// The largest difference relative to the largest number; infinite when shapes, NaNs or infinities differ.
double gap(const Tensors& a, const Tensors& b);

/// The same bits.
bool identical(const Tensors& a, const Tensors& b);

/// The numbers of the cases in which mistakes are told apart, looked for and recorded: those of at most 512
/// numbers, or all where there is none. Larger ones only tell right from wrong.
std::vector<std::size_t> compared_cases(const std::vector<Tensors>& inputs);

/// The element that `difference` speaks of, or 0.
Index differing_element(const Tensor& expected, const Tensor& got, double tolerance);

/// "w = [[0.5, 1], [2, -1]]" in at most `width` columns. What is longer is shown around element `at`: its
/// row, "w[1] = [2, -1]", or a part of its row, "w[1, 7..9] = [2, -1, 3]". A single number, [1], has no
/// brackets.
std::string shown(const std::string& name, const Tensor& tensor, Index at = 0, std::size_t width = 78,
                  int digits = 5);

/// How many digits, 5 or more, tell element `at` of the one from that of the other.
int digits_to_differ(const Tensor& one, const Tensor& other, Index at);

/// What a wrong answer has to do with the right one, tried on all cases: right but for its last digits, a
/// constant factor, an offset, the transpose, a division by the number of rows or columns, the same number
/// everywhere. Empty when nothing fits, and when too few numbers fit to tell one from another.
std::string relation(const std::vector<Tensors>& expected, const std::vector<Tensors>& got, double tolerance);

}  // namespace gradus::grade
