#pragma once
// Runs the checks of a file in the student's process, compares with the library's answers, and explains.
#include <functional>
#include <optional>

#include "compiler.hpp"
#include "course.hpp"
#include "student.hpp"

namespace gradus::grade {

/// Result of one check.
struct CheckResult {
  std::string title;
  State state = State::pass;
  int points = 0, most = 0;
  std::string sentence{};               ///< the fault in one sentence
  std::string mistake{};                ///< ids of known mistakes: "a", "a + b", or empty
  int explained = 0;                    ///< 2: by known mistakes, 1: by its relation to the right answer
  std::vector<std::string> evidence{};  ///< the lines below: input, expected, got, gradients
  double seconds = 0;
};

struct TodoResult {
  Todo todo;
  std::string path;  ///< "exercises/04_divergences/gaussian_kl.cpp"
  int line = 0;      ///< of its todo(), or of the mistake; 0 when unknown
  State state = State::pass;
  int points = 0, most = 0;
  std::vector<CheckResult> checks{};
  std::string compiler{};  ///< the compiler's output when compilation failed
  std::string printed{};   ///< output of the student's code
  double seconds = 0;

  /// The check that the report begins with: the first of the best-explained failures. Null when all passed.
  const CheckResult* first_failure() const;
};

/// Wall-clock limits for the student's code, including its compilation, in seconds.
/// The limits of single steps would add up to many minutes; right answers take a few seconds per exercise.
/// The grader's own work (precompiling a header, a control) does not count.
struct Budget {
  double exercise = 120, submission = 600;
};

struct ExerciseResult {
  const Exercise* exercise = nullptr;
  std::uint64_t seed = 0;
  Level level = Level::l1;
  std::vector<TodoResult> todos{};
  double seconds = 0;  ///< total time
  double spent = 0;    ///< time of the student's code, which counts towards the budget
  Budget budget{};     ///< the limits that applied
  int points() const;
  int most() const;
};

struct GradeOptions {
  std::uint64_t seed = 1;
  BuildOptions build{};
  std::string only_todo{};                        ///< "4.5", or empty for all
  bool stop_at_failure = false;                   ///< after the first TODO that did not pass
  std::function<void(const TodoResult&)> done{};  ///< called after every TODO
  Budget* budget = nullptr;                       ///< of the submission; the exercise's seconds are deducted
};

/// The text of a student's file; empty when it is missing.
using Submission = std::function<std::optional<std::string>(const GradedFile& file)>;

/// Never throws because of the student's code; throws GraderFault for faults of the grader.
ExerciseResult grade(const Exercise& exercise, const Submission& submission, const Toolchain& tools,
                     const std::filesystem::path& cache, const GradeOptions& options);

/// The inputs of all cases of a check, redrawn until the right answer and all
/// known mistakes are distinguishable.
/// `separated`: whether this succeeded.
std::vector<Tensors> draw_cases(const Check& check, std::uint64_t seed, bool* separated = nullptr);

}  // namespace gradus::grade
