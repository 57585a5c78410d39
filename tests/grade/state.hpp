#pragma once
// Outcomes of a check, and who is responsible.
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
  grader_fault  ///< the grader's fault: never a score, never the student's loss
};
/// "not_started"
const char* name_of(State state);

/// The student's process ended, or replied with an invalid answer.
class StudentFault : public Error {
 public:
  StudentFault(State how, const std::string& sentence, bool may_be_the_machine = false)
      : Error(sentence), state(how), doubtful(may_be_the_machine) {}
  State state;
  bool doubtful;  ///< possibly caused by this machine: low memory or high load
};

/// The grader itself failed: no score may result.
class GraderFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gradus::grade
