#include "diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "compare.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {

std::optional<Tensors> answer_of(const Function& function, const Tensors& inputs) {
  try {
    return function(inputs);
  } catch (const Error&) {
    return std::nullopt;
  }
}

namespace {

std::string name_of(const std::vector<std::string>& names, std::size_t i, const char* kind) {
  return i < names.size() ? names[i] : kind + std::to_string(i + 1);
}

/// The inputs, as many per line as fit; for long inputs, the row with this index.
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

/// The outputs that differ in some case; all outputs when their number differs.
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

/// The gradient of sum(dy * f(x)) with respect to x by finite differences
/// of the student's f; empty if f is missing.
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

/// Reports two gradients that share a buffer although they should differ; empty otherwise.
std::string shared_gradients(const Check& check, const std::vector<Tensors>& expected,
                             const std::vector<Tensors>& got) {
  if (check.differentiates.empty()) return "";
  for (std::size_t c = 0; c < got.size(); ++c)
    for (std::size_t u = 1; u < std::min(got[c].size(), expected[c].size()); ++u)
      for (std::size_t t = 0; t < u; ++t)
        if (got[c][t] && got[c][u] && got[c][t].data() == got[c][u].data() &&
            !identical({expected[c][t]}, {expected[c][u]}))
          return name_of(check.outputs, t, "output ") + " and " + name_of(check.outputs, u, "output ") +
                 " share one buffer: a copy of a Tensor refers to the same numbers. Each must be a separate "
                 "Tensor";
  return "";
}

/// A known mistake beside the student's answer: the outputs that it changes,
/// and those of them where both agree.
struct Known {
  const Mistake* mistake;
  Outputs changed, agreeing;
};

/// Names the known mistakes that explain the answer. A mistake that explains every wrong output
/// is named alone. Otherwise several may be named, each explaining some outputs and changing no others.
/// Gradients are separate formulas, so a mistake known for several of them can occur in one alone.
class Diagnosis {
 public:
  Diagnosis(const Check& check, const std::vector<Tensors>& inputs, const std::vector<Tensors>& expected,
            const std::vector<Tensors>& got, CheckResult& result)
      : check_(check), all_expected_(expected), all_got_(got), result_(result) {
    for (const std::size_t c : compared_cases(inputs)) {
      inputs_.push_back(inputs[c]);
      expected_.push_back(expected[c]);
      got_.push_back(got[c]);
    }
    wrong_ = left_ = differing(expected_, got_, check.tolerance);
    compare_with_mistakes();
  }

  void run() {
    if (const std::string words = one_for_all() ? "" : shared_gradients(check_, all_expected_, all_got_);
        !words.empty()) {
      result_.explained = 2;
      result_.evidence.push_back("likely cause    " + words);
      return;
    }
    for (const Known& one : known_)
      if (!one.changed.empty() && one.agreeing == one.changed && within(one.changed, left_))
        name(one, one.changed);
    for (const Known& one : known_)
      for (const std::size_t t : one.agreeing)
        if (!check_.differentiates.empty() && left_.count(t)) name(one, {t});
    relate_the_rest();
  }

 private:
  void compare_with_mistakes() {
    for (const Mistake& mistake : check_.mistakes) {
      std::vector<Tensors> answers;
      for (const Tensors& in : inputs_) answers.push_back(answer_of(mistake.run, in).value_or(Tensors()));
      const Outputs changed = differing(expected_, answers, check_.tolerance),
                    unlike = differing(answers, got_, 10 * check_.tolerance);
      Known one{&mistake, changed, {}};
      std::set_difference(changed.begin(), changed.end(), unlike.begin(), unlike.end(),
                          std::inserter(one.agreeing, one.agreeing.end()));
      known_.push_back(one);
    }
    std::stable_sort(known_.begin(), known_.end(),
                     [](const Known& a, const Known& b) { return a.changed.size() > b.changed.size(); });
  }

  /// Whether one mistake explains everything: it takes precedence over a shared buffer,
  /// which takes precedence over the rest.
  bool one_for_all() const {
    return std::any_of(known_.begin(), known_.end(),
                       [&](const Known& one) { return one.changed == wrong_ && one.agreeing == wrong_; });
  }

  /// Reports that the mistake explains the outputs `where`.
  void name(const Known& one, const Outputs& where) {
    std::string words;
    for (const std::size_t t : where) {
      words += (words.empty() ? "" : ", ") + name_of(check_.outputs, t, "output ");
      left_.erase(t);
    }
    result_.mistake += (result_.mistake.empty() ? "" : " + ") + one.mistake->id;
    const bool alone = where == wrong_ && where == one.changed;  // the sentence is complete without names
    const bool said = (" " + one.mistake->sentence).find(" " + words) != std::string::npos;
    result_.explained = std::max(result_.explained, finite(where) ? 2 : 1);
    result_.evidence.push_back(text("likely cause    ", alone || said ? "" : words + ": ",
                                    one.mistake->sentence, "  (agrees with your answer on ", inputs_.size(),
                                    " of ", inputs_.size(), " inputs)"));
  }

  /// Whether some number of these outputs is finite: agreement on NaN and infinity alone is weak evidence.
  bool finite(const Outputs& where) const {
    for (const Tensors& mine : got_)
      for (const std::size_t t : where)
        if (t >= mine.size() || !mine[t] ||
            std::any_of(mine[t].values().begin(), mine[t].values().end(),
                        [](Real value) { return std::isfinite(value); }))
          return true;
    return false;
  }

  /// Describes the outputs that no known mistake explains by their relation to the right ones.
  void relate_the_rest() {
    if (const std::string words = left_ == wrong_ ? relation(all_expected_, all_got_, check_.tolerance) : "";
        !words.empty()) {
      result_.explained = inputs_.size() > 1;
      result_.evidence.push_back("                " + words);
      return;
    }
    if (wrong_.empty() && inputs_.size() > 1)
      result_.evidence.push_back(
          "                right on all small inputs, wrong on a large one: does the code work only for a "
          "fixed number of rows or columns, or in blocks that leave a remainder out?");
    for (const std::size_t t : left_) {
      std::vector<Tensors> right, mine;
      for (std::size_t c = 0; c < inputs_.size(); ++c)
        if (t < expected_[c].size() && t < got_[c].size())
          right.push_back({expected_[c][t]}), mine.push_back({got_[c][t]});
      if (const std::string words = relation(right, mine, check_.tolerance); !words.empty())
        result_.evidence.push_back("                " + name_of(check_.outputs, t, "output ") + ": " + words);
    }
  }

  const Check& check_;
  const std::vector<Tensors>&all_expected_, &all_got_;
  CheckResult& result_;
  std::vector<Tensors> inputs_{}, expected_{}, got_{};  // of the compared cases
  Outputs wrong_{}, left_{};                            // left: not yet explained
  std::vector<Known> known_{};
};

void add_gradients(Student& student, const Check& check, const Tensors& inputs, const Tensors& expected,
                   const Tensors& got, CheckResult& result) {
  const std::optional<Tensors> measured =
      differences(student, check, inputs, std::min(expected.size(), inputs.size() - 1));
  if (!measured) return;
  for (std::size_t t = 0; t < measured->size() && t < got.size(); ++t) {
    if (!expected[t] || !got[t] || got[t].shape() != expected[t].shape() || got[t].size() > 64) continue;
    const Tensor& fd = (*measured)[t];
    const bool mine = gap({fd}, {got[t]}) < 1e-4, right = gap({fd}, {expected[t]}) < 1e-4;
    const std::string name = t < check.outputs.size() ? check.outputs[t] : "gradient";
    if (gap({expected[t]}, {got[t]}) <= check.tolerance) continue;
    result.evidence.push_back("measured        " +
                              shown(name, fd, differing_element(expected[t], got[t], check.tolerance)));
    result.evidence.push_back(
        mine && !right ? "                by differences of your own forward pass: your backward matches it, "
                         "forward is wrong"
        : right ? "                by differences of your own forward pass, which is right: backward is wrong"
                : "                by differences of your own forward pass, which is not right either");
  }
}

}  // namespace

void explain(Student& student, const Check& check, const std::vector<Tensors>& inputs,
             const std::vector<Tensors>& expected, const std::vector<Tensors>& got, CheckResult& result) {
  result.state = State::wrong;
  std::size_t smallest = inputs.size(), failing = 0, best = 0;
  for (std::size_t c = 0; c < inputs.size(); ++c) {
    if (!difference(expected[c], got[c], check.tolerance, check.outputs)) continue;
    ++failing;
    std::size_t size = 0;
    for (const Tensor& in : inputs[c]) size += static_cast<std::size_t>(in ? in.size() : 0);
    if (smallest == inputs.size() || size < best) smallest = c, best = size;
  }
  result.sentence = *difference(expected[smallest], got[smallest], check.tolerance, check.outputs);
  Diagnosis(check, inputs, expected, got, result).run();
  const Tensors &right = expected[smallest], &mine = got[smallest];
  Index row = 0;
  std::vector<std::string> answers;
  for (std::size_t t = std::min(right.size(), mine.size()); t-- > 0;) {
    if (!difference({right[t]}, {mine[t]}, check.tolerance, {})) continue;
    const Index at = differing_element(right[t], mine[t], check.tolerance);
    if (right[t]) row = at / std::max<Index>(1, right[t].shape().row_size());
    const std::string name = name_of(check.outputs, t, "output ");
    const int digits = digits_to_differ(right[t], mine[t], at);
    answers.insert(answers.begin(), {"expected        " + shown(name, right[t], at, 78, digits),
                                     "got             " + shown(name, mine[t], at, 78, digits)});
  }
  for (const std::string& line : input_lines(check, inputs[smallest], row)) result.evidence.push_back(line);
  result.evidence.insert(result.evidence.end(), answers.begin(), answers.end());
  if (failing < inputs.size())
    result.evidence.push_back(
        text("right on        ", inputs.size() - failing, " of ", inputs.size(), " inputs"));
  if (!check.differentiates.empty() && compared_cases({inputs[smallest], {}}).size() == 2)
    add_gradients(student, check, inputs[smallest], expected[smallest], got[smallest], result);
}

}  // namespace gradus::grade
