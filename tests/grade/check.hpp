#pragma once
// What is asked of a TODO, and which mistakes are known by name. A check is data: how it is run, repeated,
// compared and explained is the same for all (grading.cpp), so none can forget a part of it.
#include <map>

#include "calls.hpp"

namespace gradus::grade {

/// A wrong answer that has been seen before. `run` computes what it computes.
struct Mistake {
  std::string id;        ///< "kl.no_half"
  std::string sentence;  ///< "the factor 1/2 is missing"
  Function run;
};

struct Check {
  std::string todo;   ///< "4.5"
  std::string title;  ///< what is looked at: "values of random rows"
  int points = 0;     ///< of the 100 of the exercise
  std::string call;   ///< a name in calls.hpp; the library's answer to the same inputs is expected

  /// Inputs of case number `number`, 0 .. cases - 1. The shapes should differ from case to case: at [2, 3]
  /// "no 1/2" and "sum instead of mean" are the same number. One case should be larger than anything that a
  /// loop could have been written out for, and every axis should be 1 in one.
  std::function<Tensors(Rng& rng, int number)> draw;
  int cases = 5;
  bool twin =
      true;  ///< the last case is drawn once more, other numbers of the same sizes, and asked after it

  std::vector<Mistake> mistakes{};     ///< diagnosed by comparing all cases that are not large, by output
  std::vector<std::string> inputs{};   ///< names of the inputs, for the report: {"mu", "logvar"}
  std::vector<std::string> outputs{};  ///< names of the outputs: {"kl"}
  std::string differentiates{};  ///< of a backward call: the call that it is the gradient of. Its last input
                                 ///< is dL/d(first output); output i is the gradient of input i.
  Function answer{};             ///< the right answer, where it is not the library's to give (recorded.hpp)
  double tolerance = 1e-8;       ///< relative to the largest number expected in that output; a float
                                 ///< in between, where a Real is meant, is 6e-8 off
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

/// All checks of exercise 1 .. 9, in the order of the TODOs.
const std::vector<Check>& checks_of(int exercise);

}  // namespace gradus::grade
