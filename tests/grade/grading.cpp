#include "grading.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "compare.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr double least_gap = 1e-2;  // between any two of: the right answer, the known mistakes
constexpr double call_seconds = 2;

const Function& right_answer(const Check& check) {
  return check.answer ? check.answer : call_named(check.call);
}

/// What a mistake answers; nothing when it cannot be evaluated there.
std::optional<Tensors> answer_of(const Function& function, const Tensors& inputs) {
  try {
    return function(inputs);
  } catch (const Error&) {
    return std::nullopt;
  }
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

std::size_t most_answer_bytes(const Tensors& expected) {
  std::size_t bytes = 4096;
  for (const Tensor& one : expected) bytes += 2 * 8 * static_cast<std::size_t>(one ? one.size() : 0) + 64;
  return bytes;
}

std::string name_of(const std::vector<std::string>& names, std::size_t i, const char* kind) {
  return i < names.size() ? names[i] : kind + std::to_string(i + 1);
}

/// The inputs, as many to a line as there is room for; of long ones the row with this number.
std::vector<std::string> input_lines(const Check& check, const Tensors& inputs, Index row) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Index at = inputs[i] ? row * inputs[i].shape().row_size() : 0;
    const std::string words = shown(name_of(check.inputs, i, "input "), inputs[i], at);
    if (!lines.empty() && lines.back().size() + words.size() + 2 <= 16 + 78)
      lines.back() += "  " + words;
    else
      lines.push_back((lines.empty() ? "input           " : "                ") + words);
  }
  return lines;
}

using Outputs = std::set<std::size_t>;

/// The outputs that differ in some case; all, where their number does.
Outputs differing(const std::vector<Tensors>& right, const std::vector<Tensors>& other, double tolerance) {
  Outputs outputs;
  for (std::size_t c = 0; c < right.size(); ++c)
    for (std::size_t t = 0; t < std::max(right[c].size(), other[c].size()); ++t)
      if (right[c].size() != other[c].size() || difference({right[c][t]}, {other[c][t]}, tolerance, {}))
        outputs.insert(t);
  return outputs;
}

bool within(const Outputs& some, const Outputs& all) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

/// The gradient of sum(dy * f(x)) in x by differences, f asked of the student; nothing where f is not there.
std::optional<Tensors> differences(Student& student, const Check& check, const Tensors& inputs,
                                   std::size_t count) {
  try {
    const Tensor& dy = inputs.back();
    Tensors point(inputs.begin(), inputs.end() - 1), grads;
    const auto value = [&](const Tensors& at) {
      const Tensors y = student.call(check.differentiates, at, call_seconds);
      double sum = 0;
      GRADUS_CHECK(!y.empty() && y[0] && y[0].size() == dy.size(), "another shape");
      for (Index i = 0; i < dy.size(); ++i) sum += double{dy[i]} * y[0][i];
      return sum;
    };
    for (std::size_t k = 0; k < count; ++k) {
      Tensor grad = Tensor::zeros(point[k].shape());
      for (Index i = 0; i < grad.size() && i < 64; ++i) {
        const Tensor kept = point[k];
        const double step = 1e-5 * std::max(1.0, std::abs(double{kept[i]}));
        point[k] = kept.clone();
        point[k][i] = static_cast<Real>(kept[i] + step);
        const double above = value(point);
        point[k][i] = static_cast<Real>(kept[i] - step);
        grad[i] = static_cast<Real>((above - value(point)) / (2 * step));
        point[k] = kept;
      }
      grads.push_back(grad);
    }
    return grads;
  } catch (const Error&) {
    return std::nullopt;
  }
}

class CheckRun {
 public:
  CheckRun(const Check& check, const std::filesystem::path& worker, const GradeOptions& options)
      : check_(check), worker_(worker), options_(options) {}

  CheckResult run(std::string& printed) {
    CheckResult result{.title = check_.title, .most = check_.points};
    const auto start = Clock::now();
    const std::vector<Tensors> inputs = draw_cases(check_, options_.seed);
    std::vector<Tensors> expected;
    for (const Tensors& in : inputs) expected.push_back(right_answer(check_)(in));
    try {
      Student student(worker_, options_.build.level, options_.build.slot);
      try {
        ask(student, inputs, expected, result);
      } catch (...) {
        printed += student.printed();
        throw;
      }
      printed += student.printed();
      if (student.dropped()) printed += text("\n(and ", student.dropped(), " bytes more)");
    } catch (const StudentFault& fault) {
      result.state = fault.state;
      result.sentence = fault.what();
    }
    if (result.state == State::pass) result.points = result.most;
    result.seconds = seconds_since(start);
    return result;
  }

 private:
  Tensors call(Student& student, const Tensors& inputs, const Tensors& expected) {
    return student.call(check_.call, inputs, call_seconds, most_answer_bytes(expected));
  }

  void ask(Student& student, const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
           CheckResult& result) {
    std::vector<Tensors> got;
    for (std::size_t c = 0; c < inputs.size(); ++c) got.push_back(call(student, inputs[c], expected[c]));
    for (std::size_t c = 0; c < inputs.size(); ++c)
      if (difference(expected[c], got[c], check_.tolerance, check_.outputs))
        return explain(student, inputs, expected, got, result);
    // The same questions again, in the other order, here and in a process that has seen nothing yet.
    Student other(worker_, options_.build.level, options_.build.slot);
    for (std::size_t c = inputs.size(); c-- > 0;) {
      if (identical(call(student, inputs[c], expected[c]), got[c]) &&
          identical(call(other, inputs[c], expected[c]), got[c]))
        continue;
      result.state = State::wrong;
      result.sentence =
          "the same inputs give another answer the second time: it depends on something besides its inputs "
          "(a static or global variable, time, chance, or memory that was never set)";
      return;
    }
  }

  void explain(Student& student, const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
               const std::vector<Tensors>& got, CheckResult& result) {
    result.state = State::wrong;
    std::size_t smallest = inputs.size(), failing = 0, best = 0;
    for (std::size_t c = 0; c < inputs.size(); ++c) {
      if (!difference(expected[c], got[c], check_.tolerance, check_.outputs)) continue;
      ++failing;
      std::size_t size = 0;
      for (const Tensor& in : inputs[c]) size += static_cast<std::size_t>(in ? in.size() : 0);
      if (smallest == inputs.size() || size < best) smallest = c, best = size;
    }
    result.sentence = *difference(expected[smallest], got[smallest], check_.tolerance, check_.outputs);
    diagnose(inputs, expected, got, result);
    const Tensors &right = expected[smallest], &mine = got[smallest];
    Index row = 0;
    std::vector<std::string> answers;
    for (std::size_t t = std::min(right.size(), mine.size()); t-- > 0;) {
      if (!difference({right[t]}, {mine[t]}, check_.tolerance, {})) continue;
      const Index at = differing_element(right[t], mine[t], check_.tolerance);
      if (right[t]) row = at / std::max<Index>(1, right[t].shape().row_size());
      const std::string name = name_of(check_.outputs, t, "output ");
      answers.insert(answers.begin(), {"expected        " + shown(name, right[t], at),
                                       "got             " + shown(name, mine[t], at)});
    }
    for (const std::string& line : input_lines(check_, inputs[smallest], row))
      result.evidence.push_back(line);
    result.evidence.insert(result.evidence.end(), answers.begin(), answers.end());
    if (failing < inputs.size())
      result.evidence.push_back(
          text("right on        ", inputs.size() - failing, " of ", inputs.size(), " inputs"));
    if (!check_.differentiates.empty())
      add_gradients(student, inputs[smallest], expected[smallest], got[smallest], result);
  }

  /// Names what is known. A mistake that explains all that is wrong is named alone; else several may be, each
  /// explaining some of the outputs and changing no other. Gradients are formulas of their own: what is known
  /// of several together can have happened in one of them alone.
  void diagnose(const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
                const std::vector<Tensors>& got, CheckResult& result) {
    struct Known {
      const Mistake* mistake;
      Outputs changed, agreeing;
    };
    std::vector<Known> known;
    const Outputs wrong = differing(expected, got, check_.tolerance);
    for (const Mistake& mistake : check_.mistakes) {
      std::vector<Tensors> answers;
      for (const Tensors& in : inputs) answers.push_back(answer_of(mistake.run, in).value_or(Tensors()));
      const Outputs changed = differing(expected, answers, check_.tolerance),
                    unlike = differing(answers, got, 10 * check_.tolerance);
      Known one{&mistake, changed, {}};
      std::set_difference(changed.begin(), changed.end(), unlike.begin(), unlike.end(),
                          std::inserter(one.agreeing, one.agreeing.end()));
      known.push_back(one);
    }
    std::stable_sort(known.begin(), known.end(),
                     [](const Known& a, const Known& b) { return a.changed.size() > b.changed.size(); });
    Outputs left = wrong;
    const auto name = [&](const Known& one, const Outputs& where) {
      std::string words;
      for (const std::size_t t : where) {
        words += (words.empty() ? "" : ", ") + name_of(check_.outputs, t, "output ");
        left.erase(t);
      }
      result.mistake += (result.mistake.empty() ? "" : " + ") + one.mistake->id;
      const bool alone = where == wrong && where == one.changed;  // the sentence says it all
      const bool said = (" " + one.mistake->sentence).find(" " + words) != std::string::npos;
      bool finite = false;  // where nothing but NaN and infinity agrees much else may be the cause
      for (const Tensors& mine : got)
        for (const std::size_t t : where)
          finite = finite || t >= mine.size() || !mine[t] ||
                   std::any_of(mine[t].values().begin(), mine[t].values().end(),
                               [](Real value) { return std::isfinite(value); });
      result.explained = std::max(result.explained, finite ? 2 : 1);
      result.evidence.push_back(text("likely cause    ", alone || said ? "" : words + ": ",
                                     one.mistake->sentence, "  (agrees with your answer on ", inputs.size(),
                                     " of ", inputs.size(), " inputs)"));
    };
    for (const Known& one : known)
      if (!one.changed.empty() && one.agreeing == one.changed && within(one.changed, left))
        name(one, one.changed);
    for (const Known& one : known)
      for (const std::size_t t : one.agreeing)
        if (!check_.differentiates.empty() && left.count(t)) name(one, {t});
    if (const std::string words = left == wrong ? relation(expected, got, check_.tolerance) : "";
        !words.empty()) {
      result.explained = inputs.size() > 1;
      result.evidence.push_back("                " + words);
      return;
    }
    for (const std::size_t t : left) {
      std::vector<Tensors> right, mine;
      for (std::size_t c = 0; c < inputs.size(); ++c)
        if (t < expected[c].size() && t < got[c].size())
          right.push_back({expected[c][t]}), mine.push_back({got[c][t]});
      if (const std::string words = relation(right, mine, check_.tolerance); !words.empty())
        result.evidence.push_back("                " + name_of(check_.outputs, t, "output ") + ": " + words);
    }
  }

  void add_gradients(Student& student, const Tensors& inputs, const Tensors& expected, const Tensors& got,
                     CheckResult& result) {
    const std::optional<Tensors> measured =
        differences(student, check_, inputs, std::min(expected.size(), inputs.size() - 1));
    if (!measured) return;
    for (std::size_t t = 0; t < measured->size() && t < got.size(); ++t) {
      if (!expected[t] || !got[t] || got[t].shape() != expected[t].shape() || got[t].size() > 64) continue;
      const Tensor& fd = (*measured)[t];
      const bool mine = gap({fd}, {got[t]}) < 1e-4, right = gap({fd}, {expected[t]}) < 1e-4;
      const std::string name = t < check_.outputs.size() ? check_.outputs[t] : "gradient";
      if (gap({expected[t]}, {got[t]}) <= check_.tolerance) continue;
      result.evidence.push_back("measured        " +
                                shown(name, fd, differing_element(expected[t], got[t], check_.tolerance)));
      result.evidence.push_back(
          mine && !right ? "                by differences of your own forward pass: your backward fits it, "
                           "forward is off"
          : right ? "                by differences of your own forward pass, which is right: backward is "
                    "off"
                  : "                by differences of your own forward pass, which is not right either");
    }
  }

  const Check& check_;
  const std::filesystem::path& worker_;
  const GradeOptions& options_;
};

/// Whether a check asks the same whatever the seed.
bool is_fixed(const Check& check) {
  for (int c = 0; c < check.cases; ++c) {
    Rng one(1), other(2);
    if (!identical(check.draw(one, c), check.draw(other, c))) return false;
  }
  return true;
}

/// Line of todo("4.5") in a source, or 0.
int line_of(const std::string& source, const std::string& todo) {
  auto at = source.find("todo(\"" + todo + "\"");
  if (at == std::string::npos) at = source.find("TODO(" + todo + ")");
  if (at == std::string::npos) return 0;
  return 1 +
         static_cast<int>(std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
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
    std::vector<std::vector<std::optional<Tensors>>> answers;
    const auto candidate = [&](const Function& function) {
      answers.emplace_back();
      for (const Tensors& in : inputs) answers.back().push_back(answer_of(function, in));
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

ExerciseResult grade_all(const Exercise& exercise, const Submission& submission, const Toolchain& tools,
                         const std::filesystem::path& cache, const GradeOptions& options) {
  ExerciseResult result{
      .exercise = &exercise, .seed = options.seed, .level = options.build.level, .todos = {}};
  for (const GradedFile& file : exercise.files) {
    const bool wanted =
        options.only_todo.empty() || std::any_of(file.todos.begin(), file.todos.end(),
                                                 [&](const Todo& t) { return t.id == options.only_todo; });
    if (!wanted) continue;
    const std::optional<std::string> source = submission(file);
    Built built;
    if (source) built = build(tools, file, *source, cache, options.build);
    for (const Todo& todo : file.todos) {
      if (!options.only_todo.empty() && todo.id != options.only_todo) continue;
      TodoResult one{.todo = todo, .path = file.path, .checks = {}};
      one.most = points_of(exercise, todo.id);
      const auto start = Clock::now();
      if (!source || built.state != State::pass) {
        one.state = source ? built.state : State::skipped;
        one.compiler = built.compiler;
        one.checks.push_back({.title = source ? "compile" : "find the file",
                              .state = one.state,
                              .most = one.most,
                              .sentence = source ? built.sentence : "the file " + file.name + " is missing"});
        std::istringstream words(one.checks[0].sentence);
        std::string line;
        if (words >> line && line == "line") words >> one.line;
      } else {
        one.line = line_of(*source, todo.id);
        for (const Check& check : checks_of(exercise.number)) {
          if (check.todo != todo.id) continue;
          one.checks.push_back(CheckRun(check, built.worker, options).run(one.printed));
          one.points += one.checks.back().points;
          if (one.checks.back().state == State::not_started) break;  // the others would say the same
        }
        GRADUS_CHECK(!one.checks.empty(), "TODO ", todo.id, " has no checks");
        // An example whose inputs never change could be learned by heart: it counts when something drawn is
        // right, too.
        std::size_t next_check = 0;
        bool drawn = false, drawn_right = false;
        std::vector<bool> fixed;
        for (const Check& check : checks_of(exercise.number)) {
          if (check.todo != todo.id || next_check == one.checks.size()) continue;
          fixed.push_back(is_fixed(check));
          drawn = drawn || !fixed.back();
          drawn_right = drawn_right || (!fixed.back() && one.checks[next_check].state == State::pass);
          ++next_check;
        }
        for (std::size_t c = 0; drawn && !drawn_right && c < fixed.size(); ++c)
          if (fixed[c]) one.points -= std::exchange(one.checks[c].points, 0);
        one.state = first_not_passed(one.checks);
      }
      one.seconds = seconds_since(start);
      if (options.done) options.done(one);
      const bool stop = options.stop_at_failure && one.state != State::pass;
      result.todos.push_back(std::move(one));
      if (stop) return result;
    }
  }
  return result;
}

}  // namespace

ExerciseResult grade(const Exercise& exercise, const Submission& submission, const Toolchain& tools,
                     const std::filesystem::path& cache, const GradeOptions& options) {
  try {
    return grade_all(exercise, submission, tools, cache, options);
  } catch (const Error& error) {
    throw GraderFault(error.what());
  }
}

}  // namespace gradus::grade
