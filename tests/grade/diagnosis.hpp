#pragma once
// Explains a wrong answer: the smallest failing input, the expected values,
// and known mistakes that give the same answer.
#include <optional>
#include <vector>

#include "grading.hpp"
#include "student.hpp"

namespace gradus::grade {

constexpr double call_seconds = 2;  ///< limit per call

/// The answer of a mistake; empty when it cannot be evaluated on these inputs.
std::optional<Tensors> answer_of(const Function& function, const Tensors& inputs);

/// Fills in state, sentence, mistake and evidence of a check with wrong answers.
/// Inputs, right answers and student answers have one entry per case.
/// Calls the forward pass of `student` when the check is about its gradients.
void explain(Student& student, const Check& check, const std::vector<Tensors>& inputs,
             const std::vector<Tensors>& expected, const std::vector<Tensors>& got, CheckResult& result);

}  // namespace gradus::grade
