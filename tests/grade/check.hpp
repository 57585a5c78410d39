#pragma once
// The checks of a TODO and its known mistakes. A check is data: running, repeating,
// comparing and explaining are the same code for all checks (grading.cpp).
#include <map>

#include "calls.hpp"

namespace gradus::grade {

/// A known wrong answer. `run` computes its values.
struct Mistake {
  std::string id;        ///< "kl.no_half"
  std::string sentence;  ///< "the factor 1/2 is missing"
  Function run;
};

struct Check {
  std::string todo;   ///< "4.5"
  std::string title;  ///< what is checked: "values of random rows"
  int points = 0;     ///< out of the exercise's 100
  std::string call;   ///< a name in calls.hpp; expected is the library's answer to the same inputs

  /// Inputs of case number `number`, 0 .. cases - 1. Shapes should differ between cases:
  /// at [2, 3] "no 1/2" and "sum instead of mean" give the same number.
  /// One case should be too large for a hand-unrolled loop, and every axis should be 1 in one case.
  std::function<Tensors(Rng& rng, int number)> draw;
  int cases = 5;
  /// Draws the last case once more, with other numbers of the same sizes, and runs it after the last case.
  bool twin = true;

  std::vector<Mistake> mistakes{};     ///< diagnosed per output, by comparing all cases that are not large
  std::vector<std::string> inputs{};   ///< names of the inputs, for the report: {"mu", "logvar"}
  std::vector<std::string> outputs{};  ///< names of the outputs: {"kl"}
  /// For a backward call: the call whose gradient it computes. Its last input is dL/d(first output);
  /// output i is the gradient with respect to input i.
  std::string differentiates{};
  Function answer{};  ///< the right answer when the library does not supply it (recorded.hpp)
  /// Relative to the largest expected number of that output.
  /// An intermediate float instead of Real is 6e-8 off.
  double tolerance = 1e-8;
};

std::vector<Check> checks_01();
std::vector<Check> checks_02();
std::vector<Check> checks_03();
std::vector<Check> checks_04();
std::vector<Check> checks_05();
std::vector<Check> checks_06();
std::vector<Check> checks_07();
std::vector<Check> checks_08();
std::vector<Check> checks_09();
std::vector<Check> checks_10();
std::vector<Check> checks_11();
std::vector<Check> checks_12();
std::vector<Check> checks_13();
std::vector<Check> checks_14();

/// All checks of an exercise, in the order of the TODOs.
const std::vector<Check>& checks_of(int exercise);

}  // namespace gradus::grade
