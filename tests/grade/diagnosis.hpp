#pragma once
// A wrong answer, explained: the smallest failing input, what was expected, and which known mistake gives the
// same.
#include <optional>
#include <vector>

#include "grading.hpp"
#include "student.hpp"

namespace gradus::grade {

constexpr double call_seconds = 2;  ///< for one question

/// What a mistake answers; nothing when it cannot be evaluated there.
std::optional<Tensors> answer_of(const Function& function, const Tensors& inputs);

/// Fills in state, sentence, mistake and evidence of a check whose answers are not all right: inputs, right
/// answers and the student's, a case each. Asks `student` for values of the forward pass where the check is
/// about its gradients.
void explain(Student& student, const Check& check, const std::vector<Tensors>& inputs,
             const std::vector<Tensors>& expected, const std::vector<Tensors>& got, CheckResult& result);

}  // namespace gradus::grade
