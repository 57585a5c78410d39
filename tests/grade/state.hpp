#pragma once
// How a check may end, and who is to blame.
#include <string>

#include "gradus/base/check.hpp"

namespace gradus::grade {

enum class State {
  pass,
  wrong,
  not_started,
  compile_error,
  crash,
  timeout,
  memory,
  output_flood,
  bad_reply,
  banned_call,
  sandbox_denied,
  skipped,
  grader_fault  ///< ours: never a number, never held against a student
};
/// "not_started"
const char* name_of(State state);

/// The student's process ended, or answered with anything but numbers.
class StudentFault : public Error {
 public:
  StudentFault(State how, const std::string& sentence, bool may_be_the_machine = false)
      : Error(sentence), state(how), doubtful(may_be_the_machine) {}
  State state;
  bool doubtful;  ///< perhaps this machine's fault: memory was short, or another program took the time
};

/// Something of ours failed while grading: no number may come of it.
class GraderFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gradus::grade
