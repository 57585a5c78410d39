#include "compare.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus::grade {
namespace {

double largest(const Tensor& tensor) {
  double most = 0;
  for (const Real value : tensor.values())
    if (std::isfinite(value)) most = std::max(most, std::abs(double{value}));
  return most;
}

/// NaN-safe: a NaN on one side alone counts as a difference.
bool near(double expected, double got, double allowed) {
  if (std::isnan(expected)) return std::isnan(got);
  if (std::isinf(expected) || std::isinf(got)) return expected == got;
  return std::abs(got - expected) <= allowed;
}

/// The first `count` indices of element i: "1, 3"
std::string place(const Shape& shape, Index i, int count) {
  std::string words;
  Index inner = shape.size();
  for (int axis = 0; axis < count; ++axis) {
    inner /= shape[axis];
    words += (axis ? ", " : "") + std::to_string(i / inner % shape[axis]);
  }
  return words;
}

/// The first element that differs, of two tensors of one shape.
std::optional<Index> first_different(const Tensor& right, const Tensor& mine, double tolerance) {
  const double scale = largest(right), allowed = scale > 0 ? tolerance * scale : 1e-12;  // all 0
  for (Index i = 0; i < right.size(); ++i)
    if (!near(right[i], mine[i], allowed)) return i;
  return std::nullopt;
}

std::string number(double value, int digits = 5) { return significant(value, digits); }

/// The elements below the first `axis` indices of the element at `offset`: "[[1, 2], [3, 4]]"
std::string brackets(const Tensor& tensor, int axis, Index offset, int digits) {
  if (axis == tensor.rank()) return number(tensor[offset], digits);
  Index inner = 1;
  for (int later = axis + 1; later < tensor.rank(); ++later) inner *= tensor.dim(later);
  std::string words = "[";
  for (Index i = 0; i < tensor.dim(axis); ++i)
    words += (i ? ", " : "") + brackets(tensor, axis + 1, offset + i * inner, digits);
  return words + "]";
}

std::string named(const std::vector<std::string>& names, std::size_t i) {
  return i < names.size() ? names[i] : "output " + std::to_string(i + 1);
}

}  // namespace

std::optional<std::string> difference(const Tensors& expected, const Tensors& got, double tolerance,
                                      const std::vector<std::string>& names) {
  if (got.size() != expected.size())
    return text("returns ", got.size(), " tensors instead of ", expected.size());
  for (std::size_t t = 0; t < expected.size(); ++t) {
    const Tensor &right = expected[t], &mine = got[t];
    if (static_cast<bool>(right) != static_cast<bool>(mine))
      return right ? named(names, t) + " is empty: it was never set"
                   : named(names, t) + " should be left empty";
    if (!right) continue;
    if (right.shape() != mine.shape())
      return text(named(names, t), " has the shape ", mine.shape(), ", expected ", right.shape());
    if (const auto i = first_different(right, mine, tolerance)) {
      const int digits = std::max(6, digits_to_differ(right, mine, *i));
      return text("element [", place(right.shape(), *i, right.rank()), "] of ", named(names, t), " is ",
                  number(mine[*i], digits), ", expected ", number(right[*i], digits));
    }
  }
  return std::nullopt;
}

double gap(const Tensors& a, const Tensors& b) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (a.size() != b.size()) return infinite;
  double most = 0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (static_cast<bool>(a[t]) != static_cast<bool>(b[t])) return infinite;
    if (!a[t]) continue;
    if (a[t].shape() != b[t].shape()) return infinite;
    const double scale = std::max({largest(a[t]), largest(b[t]), 1e-30});
    for (Index i = 0; i < a[t].size(); ++i) {
      const double x = a[t][i], y = b[t][i];
      if (std::isnan(x) && std::isnan(y)) continue;
      if (!std::isfinite(x) || !std::isfinite(y)) {
        if (x == y) continue;
        return infinite;
      }
      most = std::max(most, std::abs(x - y) / scale);
    }
  }
  return most;
}

bool identical(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (static_cast<bool>(a[t]) != static_cast<bool>(b[t])) return false;
    if (!a[t]) continue;
    if (a[t].shape() != b[t].shape() || std::memcmp(a[t].data(), b[t].data(), a[t].bytes()) != 0)
      return false;
  }
  return true;
}

std::vector<std::size_t> compared_cases(const std::vector<Tensors>& inputs) {
  constexpr Index most = 512;
  std::vector<std::size_t> all, small;
  for (std::size_t c = 0; c < inputs.size(); ++c) {
    Index size = 0;
    for (const Tensor& one : inputs[c]) size += one ? one.size() : 0;
    all.push_back(c);
    if (size <= most) small.push_back(c);
  }
  return small.empty() ? all : small;
}

Index differing_element(const Tensor& expected, const Tensor& got, double tolerance) {
  if (!expected || !got || got.shape() != expected.shape()) return 0;
  return first_different(expected, got, tolerance).value_or(0);
}

int digits_to_differ(const Tensor& one, const Tensor& other, Index at) {
  int digits = 5;
  if (one && other && one.shape() == other.shape())
    while (digits < 17 && number(one[at], digits) == number(other[at], digits)) ++digits;
  return digits;
}

std::string shown(const std::string& name, const Tensor& tensor, Index at, std::size_t width, int digits) {
  if (!tensor) return name + " = (empty)";
  const Shape& shape = tensor.shape();
  if (shape == Shape{1}) return name + " = " + number(tensor[0], digits);
  if (shape.size() == 0) return name + " = []";
  if (at >= shape.size()) at = 0;
  Index inner = shape.size();
  for (int depth = 0; depth < shape.rank(); inner /= shape[depth++]) {
    if (3 * inner > static_cast<Index>(width)) continue;  // a number and its comma take three columns
    const std::string words = name + (depth ? "[" + place(shape, at, depth) + "]" : "") + " = " +
                              brackets(tensor, depth, at / inner * inner, digits);
    if (words.size() <= width) return words;
  }
  const Index row = at / shape.back() * shape.back();
  const auto part = [&](Index first, Index last) {
    std::string words = name + "[" + place(shape, at, shape.rank() - 1) + (shape.rank() > 1 ? ", " : "") +
                        text(first, "..", last) + "] = [";
    for (Index k = first; k <= last; ++k) words += (k > first ? ", " : "") + number(tensor[row + k], digits);
    return words + "]";
  };
  Index first = at - row, last = first;
  for (bool grown = true; grown;) {
    grown = false;
    if (last + 1 < shape.back() && part(first, last + 1).size() <= width) ++last, grown = true;
    if (first > 0 && part(first - 1, last).size() <= width) --first, grown = true;
  }
  return part(first, last);
}

namespace {

/// The wrong tensors of an answer, each beside the expected one, over all cases. Each function names
/// one kind of relation between them; empty when it does not hold.
class Wrong {
 public:
  Wrong(const std::vector<Tensors>& expected, const std::vector<Tensors>& got, double tolerance)
      : tolerance_(tolerance), single_(expected.empty() || expected[0].size() <= 1) {
    for (std::size_t c = 0; c < expected.size(); ++c)
      for (std::size_t t = 0; t < expected[c].size() && t < got[c].size(); ++t)
        if (expected[c][t] && got[c][t] && largest(expected[c][t]) > 0) {
          if (gap({expected[c][t]}, {got[c][t]}) > tolerance)
            pairs_.emplace_back(&expected[c][t], &got[c][t]);
          else
            ++right_;
        }
    where_ = right_ == 0 ? ", everywhere" : ", wherever it is wrong";
  }

  bool empty() const { return pairs_.empty(); }
  bool same_shapes() const {
    return all([](const Tensor& e, const Tensor& g) { return e.shape() == g.shape(); });
  }

  std::string transposed() const {
    return all([](const Tensor& e, const Tensor& g) {
      return e.rank() == 2 && g.rank() == 2 && e.dim(0) == g.dim(1) && e.dim(1) == g.dim(0);
    })
               ? "your answer is the transposed shape"
               : "";
  }

  std::string nan() const {
    return all([](const Tensor&, const Tensor& g) {
      return std::any_of(g.values().begin(), g.values().end(), [](Real v) { return std::isnan(v); });
    })
               ? "your answer contains NaN: from a number that was never set, 0/0, infinity minus infinity, "
                 "or the logarithm of a negative number"
               : "";
  }

  std::string inexact() const {
    double apart = 0;
    for (const auto& [e, g] : pairs_) apart = std::max(apart, gap({*e}, {*g}));
    if (apart >= 1e-4) return "";
    return text("your answer is right to ", static_cast<int>(-std::log10(apart)), " digits", where_,
                ": a float where a Real is meant, a constant written with too few digits, a small added "
                "number, or cancellation of digits");
  }

  std::string zero_or_sign() const {
    const std::string not_all = right_ > 0 ? where_ : "";
    if (scaled([](const Tensor&) { return 0.0; }))
      return text("your answer is all zeros", not_all,
                  !single_ && right_ == 0 ? "" : " (integer division, such as 1 / 2, gives 0)");
    if (scaled([](const Tensor&) { return -1.0; })) return text("your answer has the wrong sign", not_all);
    return "";
  }

  /// One factor, or one difference, for all cases.
  std::string factor_or_offset() const {
    const Tensor &e = *pairs_[0].first, &g = *pairs_[0].second;
    Index at = 0;
    for (Index i = 0; i < e.size(); ++i)
      if (std::isfinite(e[i]) && std::abs(e[i]) > std::abs(e[at])) at = i;
    const double f = g[at] / e[at], offset = g[at] - e[at];
    Index numbers = 0;  // two numbers may agree by chance
    for (const auto& pair : pairs_) numbers += pair.first->size();
    if (numbers <= 2) return "";
    if (std::isfinite(f) && scaled([&](const Tensor&) { return f; }))
      return text("your answer is ", f, " times the right one", where_);
    if (std::isfinite(offset) && all([&](const Tensor& x, const Tensor& y) {
          for (Index i = 0; i < x.size(); ++i)
            if (!near(x[i] + offset, y[i], 10 * tolerance_ * std::max(largest(x), std::abs(offset))))
              return false;
          return true;
        }))
      return text("your answer is the right one ", offset < 0 ? "minus " : "plus ", std::abs(offset), where_);
    return "";
  }

  /// A factor that varies between cases; a case where it is 1 would not be wrong.
  std::string factor_by_size() const {
    const auto by = [&](auto&& size, const char* words) -> std::string {
      const bool varies = std::any_of(pairs_.begin(), pairs_.end(), [&](const auto& pair) {
        return size(*pair.first) != size(*pairs_[0].first);
      });
      if (varies && scaled([&](const Tensor& e) { return 1 / size(e); }))
        return text("your answer is the right one divided by ", words);
      if (varies && scaled(size)) return text("your answer is the right one times ", words);
      return "";
    };
    const auto rows = [](const Tensor& e) { return static_cast<double>(e.dim(0)); };
    const auto columns = [](const Tensor& e) { return static_cast<double>(e.size() / e.dim(0)); };
    const std::string words = by(rows, "the number of rows");
    return words.empty() ? by(columns, "the size of a row") : words;
  }

  std::string row_or_sum() const {
    if (all([&](const Tensor& e, const Tensor& g) {
          if (e.dim(0) < 2) return false;
          const Index width = e.size() / e.dim(0);
          for (Index i = 0; i < e.size(); ++i)
            if (!near(e[i % width], g[i], 10 * tolerance_ * largest(e))) return false;
          return true;
        }))
      return "every row of your answer is the first row";
    if (all([&](const Tensor& e, const Tensor& g) {
          double sum = 0;
          for (Index i = 0; i < e.size(); ++i)
            if (sum += e[i]; !near(sum, g[i], 10 * tolerance_ * largest(e))) return false;
          return true;
        }))
      return "every number of your answer is the running sum of the right ones: reset the sum to 0 for each";
    return "";
  }

  std::string truncated_or_constant() const {
    if (all([](const Tensor& e, const Tensor& g) {
          for (Index i = 0; i < e.size(); ++i)
            if (g[i] != std::trunc(e[i])) return false;
          return true;
        }))
      return "your answer is the right one truncated to a whole number: is there an Index or an int where a "
             "Real is meant?";
    if (all([](const Tensor& e, const Tensor& g) {
          if (e.size() < 2) return false;
          for (Index i = 1; i < g.size(); ++i)
            if (!near(g[0], g[i], 1e-12 * std::abs(g[0]))) return false;
          return true;
        }))
      return "your answer is the same number everywhere";
    return "";
  }

 private:
  /// Whether holds(expected, got) for every pair.
  bool all(const std::function<bool(const Tensor&, const Tensor&)>& holds) const {
    return std::all_of(pairs_.begin(), pairs_.end(),
                       [&](const auto& pair) { return holds(*pair.first, *pair.second); });
  }
  /// Whether every answer is factor(expected) times the expected one.
  bool scaled(const std::function<double(const Tensor&)>& factor) const {
    return all([&](const Tensor& e, const Tensor& g) {
      const double f = factor(e);
      for (Index i = 0; i < e.size(); ++i)
        if (!near(f * e[i], g[i], 10 * tolerance_ * largest(e) * std::max(std::abs(f), 1e-6))) return false;
      return true;
    });
  }

  double tolerance_;
  bool single_;            // the answer is one tensor
  std::size_t right_ = 0;  // number of tensors that are right
  std::string where_{};
  std::vector<std::pair<const Tensor*, const Tensor*>> pairs_{};
};

}  // namespace

std::string relation(const std::vector<Tensors>& expected, const std::vector<Tensors>& got,
                     double tolerance) {
  const Wrong wrong(expected, got, tolerance);
  if (wrong.empty()) return "";
  if (!wrong.same_shapes()) return wrong.transposed();
  for (const auto kind : {&Wrong::nan, &Wrong::inexact, &Wrong::zero_or_sign, &Wrong::factor_or_offset,
                          &Wrong::factor_by_size, &Wrong::row_or_sum, &Wrong::truncated_or_constant})
    if (const std::string words = (wrong.*kind)(); !words.empty()) return words;
  return "";
}

}  // namespace gradus::grade
