#pragma once
// Compares two lists of tensors and describes how they differ.
#include <optional>
#include <string>

#include "frame.hpp"

namespace gradus::grade {

/// Describes where two answers differ: "kl has the shape [3, 1], expected [3]";
/// "element [1, 3] of dmu is nan". Empty when every number is within `tolerance` times the largest finite
/// number expected in its tensor. A NaN matches only an expected NaN; infinities must have the same sign.
std::optional<std::string> difference(const Tensors& expected, const Tensors& got, double tolerance,
                                      const std::vector<std::string>& names);

/// The largest difference relative to the largest number; infinite when shapes, NaNs or infinities differ.
double gap(const Tensors& a, const Tensors& b);

/// Whether all bits are equal.
bool identical(const Tensors& a, const Tensors& b);

/// Indices of the cases used to distinguish, diagnose and record mistakes: those of at most 512 numbers,
/// or all if there is none. Larger cases only tell right from wrong.
std::vector<std::size_t> compared_cases(const std::vector<Tensors>& inputs);

/// The element that `difference` reports, or 0.
Index differing_element(const Tensor& expected, const Tensor& got, double tolerance);

/// "w = [[0.5, 1], [2, -1]]" in at most `width` columns. Longer tensors are shown around element `at`:
/// its row, "w[1] = [2, -1]", or part of its row, "w[1, 7..9] = [2, -1, 3]".
/// A single number, [1], has no brackets.
std::string shown(const std::string& name, const Tensor& tensor, Index at = 0, std::size_t width = 78,
                  int digits = 5);

/// The number of digits, at least 5, that distinguishes element `at` of the two tensors.
int digits_to_differ(const Tensor& one, const Tensor& other, Index at);

/// A simple relation of a wrong answer to the right one, over all cases: right but for its last digits,
/// a constant factor, an offset, the transpose, a division by the number of rows or columns, a constant.
/// Empty when none fits, or when too few numbers are given to distinguish the relations.
std::string relation(const std::vector<Tensors>& expected, const std::vector<Tensors>& got, double tolerance);

}  // namespace gradus::grade
