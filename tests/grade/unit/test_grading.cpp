// Responsibility for failures: faults of the machine cost no points, the grader's own work does not count
// towards the student's time, and a failing control is a fault of the grader.
#include <doctest/doctest.h>
#include <unistd.h>

#include "../grading.hpp"
#include "../recorded.hpp"
#include "../report.hpp"
#include "gradus/base/check.hpp"
#include "setup.hpp"

using namespace gradus;
using namespace gradus::grade;
namespace fs = std::filesystem;

namespace {

/// TODO 4.5 with other texts than the library's, graded at level 1, where code can leave a file behind.
struct Trial {
  Folder folder{"grading"};
  fs::path home = folder.path;
  Exercise exercise = exercise_named(read_exercises(fs::path(GRADUS_SOURCE_DIR) / "exercises"), "04");
  Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  std::string solution;
  Budget budget{};

  Trial() {
    std::erase_if(exercise.files, [](const GradedFile& file) { return file.name != "gaussian_kl.cpp"; });
    solution = read_text(exercise.files.at(0).control);
  }

  /// The library's text with lines at the beginning of TODO 4.5's function.
  std::string with(const std::string& lines) const {
    const auto at = solution.find("{\n", solution.find("GaussianKl::forward("));
    REQUIRE(at != std::string::npos);
    return "#include <csignal>\n#include <fcntl.h>\n#include <unistd.h>\n" + solution.substr(0, at + 2) +
           lines + solution.substr(at + 2);
  }
  /// Lines that do `what` only if `file` does not exist yet.
  std::string once(const std::string& what) const {
    return "if (const int file = open(\"" + (home / "left").string() +
           "\", O_CREAT | O_EXCL | O_WRONLY, 0600); file >= 0) " + what + "\n";
  }
  void set_control(const std::string& text) {
    write_text(home / "control.cpp", text);
    exercise.files.at(0).control = home / "control.cpp";
  }
  ExerciseResult graded(const std::string& text) {
    return grade::grade(exercise, [&](const GradedFile&) { return std::optional(text); }, tools,
                        home / "cache",
                        {.seed = 5,
                         .build = {.level = Level::l1, .also_float = false},
                         .only_todo = "4.5",
                         .budget = &budget});
  }
};

const CheckResult& first(const ExerciseResult& result) { return result.todos.at(0).checks.at(0); }

}  // namespace

TEST_CASE("a process that the system ended, or that timed out, is run once more") {
  Trial trial;
  for (const char* end : {"{ kill(getpid(), SIGKILL); }", "{ sleep(4); }"}) {
    CAPTURE(end);
    fs::remove(trial.home / "left");
    const ExerciseResult result = trial.graded(trial.with(trial.once(end)));
    CHECK_MESSAGE(result.points() == result.most(), first(result).sentence);
    CHECK(fs::exists(trial.home / "left"));
  }
  // A process that ends by itself is not run again.
  fs::remove(trial.home / "left");
  CHECK(first(trial.graded(trial.with(trial.once("{ __builtin_trap(); }")))).state == State::crash);
  // A process that the system ends twice gets no points.
  CHECK(first(trial.graded(trial.with("kill(getpid(), SIGKILL);\n"))).state == State::memory);
}

TEST_CASE("the grader's own time does not count towards the student's") {
  Trial trial;
  const ExerciseResult cold = trial.graded(trial.solution);  // includes precompiling the headers
  CHECK(cold.points() == cold.most());
  CHECK(cold.spent < cold.seconds - 0.3);
  CHECK(trial.budget.submission == doctest::Approx(600 - cold.spent));
  // A control that takes three seconds to start.
  trial.set_control(trial.solution +
                    "\n#include <unistd.h>\nnamespace { struct Slow { Slow() { sleep(3); } } slow; }\n");
  const ExerciseResult slow = trial.graded(trial.with("__builtin_trap();\n"));
  CHECK(first(slow).state == State::crash);
  CHECK(slow.spent < slow.seconds - 3);
}

TEST_CASE("after the student's time is used up, the remaining checks are not run and say so") {
  Trial trial;
  trial.graded(trial.solution);  // now cached: only the checks take time
  const std::string endless = trial.with("for (;;) sleep(1);\n");
  trial.graded(endless);
  const double before = trial.budget.submission = 1.5;
  const ExerciseResult result = trial.graded(endless);
  const TodoResult& todo = result.todos.at(0);
  REQUIRE(todo.checks.size() > 1);
  CHECK(todo.points == 0);
  CHECK(first(result).state == State::timeout);
  CHECK(first(result).sentence.find("is there an infinite loop?") != std::string::npos);
  CHECK(todo.checks.back().state == State::timeout);
  CHECK(todo.checks.back().sentence ==
        "not run: the checks before it used up the 600 s that a submission may take: is there an infinite "
        "loop?");
  CHECK(trial.budget.submission < before - 1.4);
  trial.budget = {.exercise = 1, .submission = 600};
  CHECK(
      trial.graded(endless).todos.at(0).checks.back().sentence ==
      "not run: the checks before it used up the 1 s that an exercise may take: is there an infinite loop?");
}

TEST_CASE("a student's process that fails like the library's own is a fault of the grader") {
  Trial trial;
  trial.set_control(trial.with("__builtin_trap();\n"));
  CHECK_THROWS_WITH_AS(trial.graded(trial.with("__builtin_trap();\n// mine\n")),
                       doctest::Contains("the library's own answer to"), GraderFault);
  // A text that answers is still graded.
  const ExerciseResult right = trial.graded(trial.solution);
  CHECK(right.points() == right.most());
}

TEST_CASE("signals that a student's code makes the system send to the grader do not end it") {
  Trial trial;
  for (const char* number : {"0", "SIGUSR1", "SIGALRM", "SIGPIPE", "SIGXCPU", "SIGRTMIN"}) {
    CAPTURE(number);
    const std::string lines = std::string("for (const int file : {1, 3, 4}) {\n") +
                              "  fcntl(file, F_SETOWN, getppid());\n  fcntl(file, F_SETSIG, " + number +
                              ");\n  fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_ASYNC);\n}\n" +
                              "if (write(1, \"x\", 1) < 0) _exit(1);\n";
    const ExerciseResult result = trial.graded(trial.with(lines));
    CHECK_MESSAGE(result.points() == result.most(), first(result).sentence);
  }
}

TEST_CASE("unused parameters are accepted, since a right answer need not use all of them") {
  Trial trial;
  const ExerciseResult result = trial.graded("static int of_mine(int spare) { return 1; }\n" +
                                             trial.with("const int broken = of_mine(1)\n"));
  CHECK(result.todos.at(0).state == State::compile_error);
  CHECK(result.todos.at(0).compiler.find("spare") == std::string::npos);
}

TEST_CASE("recorded checks draw from sets of different lengths, whatever the seed") {
  const Exercise vae = exercise_named(read_exercises(fs::path(GRADUS_SOURCE_DIR) / "exercises"), "06");
  const auto recorded =
      recorded_checks(record_checks({vae}, 6));  // two of the six sets of 6.6 have a case less
  for (const Check& check : recorded.at(6))
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
      CHECK(draw_cases(check, seed).size() == static_cast<std::size_t>(check.cases));
}
