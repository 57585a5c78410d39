#pragma once
// The calls that a check can make to a graded file: names and the library functions behind them.
// This table is linked twice: into the worker, where the graded file is the student's,
// and into the grader, where it is the library's.
#include <functional>
#include <string>
#include <vector>

#include "frame.hpp"

namespace gradus::grade {

/// Maps inputs to outputs. Depends on nothing else; randomness is an input.
using Function = std::function<Tensors(const Tensors& inputs)>;

struct Call {
  std::string name;
  Function run;
};

std::vector<Call> calls_01();
std::vector<Call> calls_02();
std::vector<Call> calls_03();
std::vector<Call> calls_04();
std::vector<Call> calls_05();
std::vector<Call> calls_06();
std::vector<Call> calls_07();
std::vector<Call> calls_08();
std::vector<Call> calls_09();
std::vector<Call> calls_10();
std::vector<Call> calls_11();
std::vector<Call> calls_12();
std::vector<Call> calls_13();
std::vector<Call> calls_14();

/// Throws Error for an unknown name.
const Function& call_named(const std::string& name);

}  // namespace gradus::grade
