#include "grading.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "compare.hpp"
#include "diagnosis.hpp"
#include "gradus/base/check.hpp"
#include "stubs.hpp"
#include "timed.hpp"

namespace gradus::grade {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr double least_gap = 1e-2;  // between any two candidates (the right answer and the known mistakes)

const Function& right_answer(const Check& check) {
  return check.answer ? check.answer : call_named(check.call);
}

/// Whether every two candidates differ clearly in at least one case. `answers[candidate][case]`
bool all_apart(const std::vector<std::vector<std::optional<Tensors>>>& answers) {
  for (std::size_t a = 0; a < answers.size(); ++a)
    for (std::size_t b = a + 1; b < answers.size(); ++b) {
      bool apart = false;
      for (std::size_t c = 0; c < answers[a].size() && !apart; ++c) {
        const auto &x = answers[a][c], &y = answers[b][c];
        apart = x.has_value() != y.has_value() || (x && y && !(gap(*x, *y) < least_gap));
      }
      if (!apart) return false;
    }
  return true;
}

/// A wrong shape may have several times the expected numbers (a padding that enlarges both sides).
std::size_t most_answer_bytes(const Tensors& expected) {
  std::size_t bytes = 4096;
  for (const Tensor& one : expected) bytes += 4 * 8 * static_cast<std::size_t>(one ? one.size() : 0) + 64;
  return bytes;
}

class CheckRun {
 public:
  /// `library` returns a worker of the text that must build; it is called when the student's process fails.
  CheckRun(const Check& check, const std::filesystem::path& worker,
           const std::function<std::filesystem::path()>& library, const Toolchain& tools,
           const GradeOptions& options, double seconds_left)
      : check_(check),
        worker_(worker),
        library_(library),
        tools_(tools),
        options_(options),
        seconds_left_(seconds_left) {}

  CheckResult run(std::string& printed) {
    const std::vector<Tensors> inputs = draw_cases(check_, options_.seed);
    std::vector<Tensors> expected;
    for (const Tensors& in : inputs) expected.push_back(right_answer(check_)(in));
    bool doubtful = false;
    const std::string printed_before = printed;
    CheckResult result = attempt(inputs, expected, printed, doubtful);
    // The first failure may have been caused by the machine: memory may have been low. Try again.
    if (doubtful && seconds_left() > 0) {
      printed = printed_before;
      result = attempt(inputs, expected, printed, doubtful);
    }
    if (result.state == State::pass) result.points = result.most;
    result.seconds = seconds_since(start_);
    return result;
  }
  /// Seconds spent in the student's code, without the grader's own work.
  double spent() const { return spent_; }

 private:
  /// Makes all calls to the student's process once. `doubtful`: the machine may have ended it.
  CheckResult attempt(const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
                      std::string& printed, bool& doubtful) {
    CheckResult result{.title = check_.title, .most = check_.points};
    try {
      const auto student = begin();
      try {
        ask(*student, inputs, expected, result);
      } catch (...) {
        printed += student->printed();
        throw;
      }
      printed += student->printed();
      if (student->dropped()) printed += text("\n(and ", student->dropped(), " bytes more)");
    } catch (const StudentFault& fault) {
      result.state = fault.state;
      result.sentence = fault.what();
      doubtful = fault.doubtful;
      if (fault.state != State::not_started && fault.state != State::wrong) check_control(inputs, expected);
    }
    return result;
  }

  /// Called when the student's process failed. Throws Error when the library's own code fails on the same
  /// calls: then the machine or the grader is at fault.
  void check_control(const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected) {
    try {
      const auto control = started(library_(), Guards::nan, 60);
      for (std::size_t c = 0; c < inputs.size(); ++c) call(*control, inputs[c], expected[c]);
    } catch (const StudentFault& fault) {
      if (fault.state != State::not_started)  // a students' copy has only the unmodified file
        throw Error(text("the library's own answer to '", check_.title, "' fails here too: ", fault.what()));
    }
  }

  double seconds_left() const { return seconds_left_ - spent_; }

  /// A new process that has received no calls.
  std::unique_ptr<Student> started(const std::filesystem::path& worker, Guards guards, double seconds) const {
    auto student =
        std::make_unique<Student>(worker, options_.build.level, options_.build.slot, guards, tools_.runtime);
    student->hurry(seconds);
    return student;
  }
  /// The student's process; its time counts.
  std::unique_ptr<Student> begin(Guards guards = Guards::nan) {
    const double left = seconds_left();
    const Timed timed(spent_);
    auto student = started(worker_, guards, left);
    student->charge(spent_);
    return student;
  }

  Tensors call(Student& student, const Tensors& inputs, const Tensors& expected) {
    return student.call(check_.call, inputs, call_seconds, most_answer_bytes(expected));
  }

  void ask(Student& student, const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
           CheckResult& result) {
    std::vector<Tensors> got;
    for (std::size_t c = 0; c < inputs.size(); ++c) got.push_back(call(student, inputs[c], expected[c]));
    for (std::size_t c = 0; c < inputs.size(); ++c) {
      if (!difference(expected[c], got[c], check_.tolerance, check_.outputs)) continue;
      explain(student, check_, inputs, expected, got, result);
      if (result.explained == 2) return;
      std::size_t last = c;  // an early case may not show state kept between calls
      for (std::size_t later = c + 1; later < inputs.size(); ++later)
        if (difference(expected[later], got[later], check_.tolerance, check_.outputs)) last = later;
      if (const std::string words = besides_the_inputs(inputs[last], expected[last], got[last]);
          !words.empty()) {
        result.explained = 2;
        result.evidence.insert(result.evidence.begin(), "likely cause    it " + words);
      }
      return;
    }
    ask_again(student, inputs, expected, got, result);
  }

  /// Repeats the calls in reverse order, in this process and in a new one. In the new process memory around
  /// the tensors holds other numbers, and a different forward pass precedes every backward pass.
  void ask_again(Student& student, const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
                 const std::vector<Tensors>& got, CheckResult& result) {
    auto other = begin(Guards::numbers);
    bool forward = !check_.differentiates.empty();
    for (std::size_t c = inputs.size(); c-- > 0;) {
      if (identical(call(student, inputs[c], expected[c]), got[c]) &&
          identical(after_forward(other, forward, another(inputs, c), inputs[c], expected[c]), got[c]))
        continue;
      result.state = State::wrong;
      result.sentence = "the same inputs give a different answer the second time: it " +
                        why_another(inputs[c], another(inputs, c), expected[c], got[c]);
      return;
    }
  }

  /// The inputs of an adjacent case, of the same sizes if there is one.
  static const Tensors& another(const std::vector<Tensors>& inputs, std::size_t c) {
    return inputs[c > 0 ? c - 1 : inputs.size() - 1];
  }

  /// Whether the process survived a forward pass with the inputs of this backward pass.
  bool ran_forward(Student& student, const Tensors& backward_inputs) {
    try {
      const Tensors in(backward_inputs.begin(), backward_inputs.end() - 1);
      student.call(check_.differentiates, in, call_seconds);
    } catch (const StudentFault& fault) {
      return fault.state == State::not_started || fault.state == State::wrong;  // it answered
    }
    return true;
  }

  /// The answer of `other` after a forward pass with a neighbour's inputs. Forward is another task: when it
  /// ends the process or damages its channel, a new process answers without it, now and in later calls.
  Tensors after_forward(std::unique_ptr<Student>& other, bool& forward, const Tensors& neighbour,
                        const Tensors& inputs, const Tensors& expected) {
    if (forward) {
      try {
        if (ran_forward(*other, neighbour)) return call(*other, inputs, expected);
      } catch (const StudentFault& fault) {
        if (fault.state != State::bad_reply) throw;
      }
      forward = false;
      other = begin(Guards::numbers);
    }
    return call(*other, inputs, expected);
  }

  /// The answer of a new process that has received no other calls.
  Tensors alone(const Tensors& inputs, const Tensors& expected, Guards guards) {
    return call(*begin(guards), inputs, expected);
  }

  /// What an answer depends on besides its inputs, determined with processes that differ in one aspect.
  /// Empty when it depends neither on earlier calls, nor on randomness, nor on memory outside a tensor.
  std::string besides_the_inputs(const Tensors& inputs, const Tensors& expected, const Tensors& got) {
    const Tensors first = alone(inputs, expected, Guards::nan);
    if (!same(first, got))
      return same(first, alone(inputs, expected, Guards::nan))
                 ? kept_between_calls
                 : "depends on something besides its inputs (time, randomness)";
    if (!same(alone(inputs, expected, Guards::nan_in_tensor), got))
      return "reads before the first element of a tensor: an index is negative";
    return "";
  }

  /// The same for an answer that differed the second time.
  std::string why_another(const Tensors& inputs, const Tensors& neighbour, const Tensors& expected,
                          const Tensors& got) {
    if (const std::string words = besides_the_inputs(inputs, expected, got); !words.empty()) return words;
    if (!same(alone(inputs, expected, Guards::numbers), got)) return "depends on a number that was never set";
    auto fresh = begin(Guards::numbers);
    bool forward = !check_.differentiates.empty();
    if (const Tensors answer = after_forward(fresh, forward, neighbour, inputs, expected);
        forward && !same(answer, got))
      return "depends on the latest forward pass, which may be another graph's: what backward needs must be "
             "kept in the op's own members, not in a static or global variable";
    return kept_between_calls;
  }

  /// Whether the numbers agree; all NaNs are equal, whatever their bits.
  static bool same(const Tensors& a, const Tensors& b) { return gap(a, b) == 0; }

  static constexpr const char* kept_between_calls =
      "depends on earlier calls: something is kept from one call to the next, in a static or global variable";

  const Check& check_;
  const std::filesystem::path& worker_;
  const std::function<std::filesystem::path()>& library_;
  const Toolchain& tools_;
  const GradeOptions& options_;
  const double seconds_left_;
  double spent_ = 0;
  const Clock::time_point start_ = Clock::now();
};

/// Whether the inputs of a check are the same for every seed.
bool is_fixed(const Check& check) {
  for (int c = 0; c < check.cases; ++c) {
    Rng one(1), other(2);
    if (!identical(check.draw(one, c), check.draw(other, c))) return false;
  }
  return true;
}

State first_not_passed(const std::vector<CheckResult>& checks) {
  for (const CheckResult& check : checks)
    if (check.state != State::pass) return check.state;
  return State::pass;
}

}  // namespace

const CheckResult* TodoResult::first_failure() const {
  const CheckResult* first = nullptr;
  for (const CheckResult& check : checks) {
    if (check.state == State::pass) continue;
    if (!first || first->explained < check.explained) first = &check;
  }
  return first;
}

int ExerciseResult::points() const {
  int sum = 0;
  for (const TodoResult& todo : todos) sum += todo.points;
  return sum;
}
int ExerciseResult::most() const {
  int sum = 0;
  for (const TodoResult& todo : todos) sum += todo.most;
  return sum;
}

std::vector<Tensors> draw_cases(const Check& check, std::uint64_t seed, bool* separated) {
  std::vector<Tensors> inputs;
  for (std::uint64_t attempt = 0; attempt < 40; ++attempt) {
    const Rng rng = Rng(seed).split(check.todo).split(check.title).split(attempt);
    inputs.clear();
    for (int c = 0; c < check.cases; ++c) {
      Rng own = rng.split(static_cast<std::uint64_t>(c));
      inputs.push_back(check.draw(own, c));
    }
    if (check.twin) {
      Rng own = rng.split("twin");
      const Tensors twin = check.draw(own, check.cases - 1);
      if (!identical(twin, inputs.back())) inputs.push_back(twin);
    }
    const std::vector<std::size_t> compared = compared_cases(inputs);
    std::vector<std::vector<std::optional<Tensors>>> answers;
    const auto candidate = [&](const Function& function) {
      answers.emplace_back();
      for (const std::size_t c : compared) answers.back().push_back(answer_of(function, inputs[c]));
    };
    candidate(right_answer(check));
    for (const Mistake& mistake : check.mistakes) candidate(mistake.run);
    const bool apart = all_apart(answers);
    if (separated) *separated = apart;
    if (apart) break;
  }
  return inputs;
}

namespace {

/// The line number at the start of a sentence, "line 12: ...", or 0.
int line_of(const std::string& sentence) {
  int line = 0;
  std::sscanf(sentence.c_str(), "line %d", &line);
  return line;
}

/// The TODO whose function contains this line; the first TODO of the file if none does.
const Todo& todo_at(const GradedFile& file, const std::string& source, int line) {
  const Todo* found = &file.todos.front();
  const std::string original = read_text(file.control);
  int last = 0;
  for (const Todo& todo : file.todos)
    if (const int begin = function_line(source, todo.id, original); begin > last && begin <= line)
      found = &todo, last = begin;
  return *found;
}

/// Reports a TODO whose file is missing or could not be built.
void not_built(TodoResult& one, const GradedFile& file, const std::optional<std::string>& source,
               const Built& built) {
  CheckResult check{.title = source ? "compile" : "find the file",
                    .state = built.state,
                    .most = one.most,
                    .sentence = built.sentence};
  one.compiler = built.compiler;
  one.line = line_of(check.sentence);
  if (one.line > 0)
    if (const Todo& other = todo_at(file, *source, one.line); other.id != one.todo.id) {
      check.state = State::skipped;
      check.sentence =
          text("not graded: ", other.id, ", in the same file, does not compile, line ", one.line);
      one.compiler = "";
    }
  one.state = check.state;
  one.checks.push_back(std::move(check));
}

/// Grades one exercise: file by file, TODO by TODO, within its budget.
class Grading {
 public:
  Grading(const Exercise& exercise, const Submission& submission, const Toolchain& tools,
          const std::filesystem::path& cache, const GradeOptions& options)
      : exercise_(exercise), submission_(submission), tools_(tools), cache_(cache), options_(options) {
    result_ = {.exercise = &exercise, .seed = options.seed, .level = options.build.level, .todos = {}};
    if (options.budget) result_.budget = *options.budget;
  }

  ExerciseResult run() {
    for (const GradedFile& file : exercise_.files)
      if (!grade_file(file)) break;
    result_.seconds = seconds_since(start_);
    if (options_.budget) options_.budget->submission -= result_.spent;
    return std::move(result_);
  }

 private:
  double seconds_left() const {
    return std::min(result_.budget.exercise, result_.budget.submission) - result_.spent;
  }
  /// The sentence for a check or file that is not run because time is used up.
  std::string used_up() const {
    const bool whole = result_.budget.submission < result_.budget.exercise;
    return text("not run: the checks before it used up the ",
                whole ? Budget{}.submission : result_.budget.exercise, " s that ",
                whole ? "a submission" : "an exercise", " may take: is there an infinite loop?");
  }

  /// False when grading stops here.
  bool grade_file(const GradedFile& file) {
    std::vector<const Todo*> wanted;
    for (const Todo& todo : file.todos)
      if (options_.only_todo.empty() || todo.id == options_.only_todo) wanted.push_back(&todo);
    if (wanted.empty()) return true;
    const std::optional<std::string> source = submission_(file);
    Built built{.state = State::skipped, .sentence = "the file " + file.name + " is missing"};
    if (source && seconds_left() <= 0)
      built = {.state = State::timeout, .sentence = used_up()};
    else if (source)
      built = build(tools_, file, *source, cache_, options_.build);
    result_.spent += built.seconds;
    for (const Todo* todo : wanted) {
      TodoResult one{.todo = *todo, .path = file.path, .checks = {}};
      one.most = points_of(exercise_, todo->id);
      const auto start = Clock::now();
      if (built.state == State::pass)
        run_checks(file, *source, built, one);
      else
        not_built(one, file, source, built);
      one.seconds = seconds_since(start);
      if (options_.done) options_.done(one);
      const bool stop = options_.stop_at_failure && one.state != State::pass && one.state != State::skipped;
      result_.todos.push_back(std::move(one));
      if (stop) return false;
    }
    return true;
  }

  void run_checks(const GradedFile& file, const std::string& source, const Built& built, TodoResult& one) {
    one.line = open_line(source, one.todo.id);
    if (!one.line) one.line = task_line(source, one.todo.id);
    const std::function<std::filesystem::path()> library = [&] {
      return build(tools_, file, read_text(file.control), cache_, options_.build).worker;
    };
    std::vector<const Check*> checks;
    for (const Check& check : checks_of(exercise_.number))
      if (check.todo == one.todo.id) checks.push_back(&check);
    GRADUS_CHECK(!checks.empty(), "TODO ", one.todo.id, " has no checks");
    for (const Check* check : checks) {
      if (const double left = seconds_left(); left > 0) {
        CheckRun run(*check, built.worker, library, tools_, options_, left);
        one.checks.push_back(run.run(one.printed));
        result_.spent += run.spent();
      } else {
        one.checks.push_back(
            {.title = check->title, .state = State::timeout, .most = check->points, .sentence = used_up()});
      }
      one.points += one.checks.back().points;
      if (one.checks.back().state == State::not_started) break;  // the other checks would report the same
    }
    take_back_fixed(checks, one);
    one.state = first_not_passed(one.checks);
  }

  /// An example with fixed inputs could be memorised, so it counts only if a check with random inputs passes.
  static void take_back_fixed(const std::vector<const Check*>& checks, TodoResult& one) {
    bool drawn = false, drawn_right = false;
    std::vector<bool> fixed;
    for (std::size_t c = 0; c < one.checks.size(); ++c) {
      fixed.push_back(is_fixed(*checks[c]));
      drawn = drawn || !fixed.back();
      drawn_right = drawn_right || (!fixed.back() && one.checks[c].state == State::pass);
    }
    for (std::size_t c = 0; drawn && !drawn_right && c < fixed.size(); ++c)
      if (fixed[c]) one.points -= std::exchange(one.checks[c].points, 0);
  }

  const Exercise& exercise_;
  const Submission& submission_;
  const Toolchain& tools_;
  const std::filesystem::path& cache_;
  const GradeOptions& options_;
  const Clock::time_point start_ = Clock::now();
  ExerciseResult result_{};
};

}  // namespace

ExerciseResult grade(const Exercise& exercise, const Submission& submission, const Toolchain& tools,
                     const std::filesystem::path& cache, const GradeOptions& options) {
  try {
    return Grading(exercise, submission, tools, cache, options).run();
  } catch (const std::exception& error) {
    throw GraderFault(error.what());
  }
}

}  // namespace gradus::grade
