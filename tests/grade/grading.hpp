#pragma once
// Runs the checks of a file in the student's process, compares with the library's own answers, and explains.
#include <functional>
#include <optional>

#include "compiler.hpp"
#include "course.hpp"
#include "student.hpp"

namespace gradus::grade {

/// How one check ended.
struct CheckResult {
  std::string title;
  State state = State::pass;
  int points = 0, most = 0;
  std::string sentence{};               ///< what is wrong, in one sentence
  std::string mistake{};                ///< id of a known mistake, or several: "a + b", or empty
  int explained = 0;                    ///< 2: by known mistakes, 1: what it has to do with the right answer
  std::vector<std::string> evidence{};  ///< lines below it: input, expected, got, gradients
  double seconds = 0;
};

struct TodoResult {
  Todo todo;
  std::string path;  ///< "exercises/04_divergences/gaussian_kl.cpp"
  int line = 0;      ///< of its todo(), or of the mistake; 0 when unknown
  State state = State::pass;
  int points = 0, most = 0;
  std::vector<CheckResult> checks{};
  std::string compiler{};  ///< the compiler's words, when it did not compile
  std::string printed{};   ///< what the student's code printed
  double seconds = 0;

  /// The check that the report begins with: the first of those that are explained best. Null
  /// when all passed.
  const CheckResult* first_failure() const;
};

/// Seconds of the clock that the student's code may take, compiling it included: all limits of single steps
/// together would be many minutes. Right answers to an exercise take a few. What the grader does for itself
/// (a header compiled ahead, a control) does not count.
struct Budget {
  double exercise = 120, submission = 600;
};

struct ExerciseResult {
  const Exercise* exercise = nullptr;
  std::uint64_t seed = 0;
  Level level = Level::l1;
  std::vector<TodoResult> todos{};
  double seconds = 0;  ///< that it took
  double spent = 0;    ///< of these, what counts: the student's code
  Budget budget{};     ///< that it had
  int points() const;
  int most() const;
};

struct GradeOptions {
  std::uint64_t seed = 1;
  BuildOptions build{};
  std::string only_todo{};                        ///< "4.5", or empty for all
  bool stop_at_failure = false;                   ///< after the first TODO that did not pass
  std::function<void(const TodoResult&)> done{};  ///< called after every TODO
  Budget* budget = nullptr;  ///< of the submission, which the exercise's seconds are taken off
};

/// The text of a student's file, or nothing when it is missing.
using Submission = std::function<std::optional<std::string>(const GradedFile& file)>;

/// Never throws for anything that a student's code does; throws GraderFault for faults of ours.
ExerciseResult grade(const Exercise& exercise, const Submission& submission, const Toolchain& tools,
                     const std::filesystem::path& cache, const GradeOptions& options);

/// The inputs of all cases of a check: drawn again until the right answer and all known mistakes can be told
/// apart. `separated`: whether they could.
std::vector<Tensors> draw_cases(const Check& check, std::uint64_t seed, bool* separated = nullptr);

}  // namespace gradus::grade
