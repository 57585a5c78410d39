#include "compare.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

double largest(const Tensor& tensor) {
  double most = 0;
  for (const Real value : tensor.values())
    if (std::isfinite(value)) most = std::max(most, std::abs(double{value}));
  return most;
}

/// NaN-safe: written so that a NaN on one side alone is a difference.
bool near(double expected, double got, double allowed) {
  if (std::isnan(expected)) return std::isnan(got);
  if (std::isinf(expected) || std::isinf(got)) return expected == got;
  return std::abs(got - expected) <= allowed;
}

std::string place(const Shape& shape, Index i) {
  std::vector<Index> index(static_cast<std::size_t>(shape.rank()));
  for (int axis = shape.rank(); axis-- > 0;) {
    index[static_cast<std::size_t>(axis)] = i % shape[axis];
    i /= shape[axis];
  }
  std::string words = "[";
  for (std::size_t k = 0; k < index.size(); ++k) words += (k ? ", " : "") + std::to_string(index[k]);
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
    const double scale = largest(right),
                 allowed = scale > 0 ? tolerance * scale : 1e-12;  // all 0: room for rounding
    for (Index i = 0; i < right.size(); ++i) {
      if (near(right[i], mine[i], allowed)) continue;
      return text("element ", place(right.shape(), i), " of ", named(names, t), " is ", mine[i],
                  ", expected ", right[i]);
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

std::string shown(const Tensor& tensor, Index most) {
  if (!tensor) return "(empty)";
  std::string out;
  Index printed = 0;
  const std::function<void(int, Index)> walk = [&](int axis, Index offset) {
    out += '[';
    Index inner = 1;
    for (int later = axis + 1; later < tensor.rank(); ++later) inner *= tensor.dim(later);
    for (Index i = 0; i < tensor.dim(axis); ++i) {
      if (i) out += ", ";
      if (printed >= most) {
        out += "..";
        break;
      }
      if (axis + 1 < tensor.rank()) {
        walk(axis + 1, offset + i * inner);
      } else {
        char number[32];
        std::snprintf(number, sizeof number, "%.5g", static_cast<double>(tensor[offset + i]));
        out += number;
        ++printed;
      }
    }
    out += ']';
  };
  walk(0, 0);
  return out;
}

std::string relation(const std::vector<Tensors>& expected, const std::vector<Tensors>& got,
                     double tolerance) {
  // The tensors that differ, over all cases, of one output only: with more, nothing simple explains it.
  std::vector<std::pair<const Tensor*, const Tensor*>> pairs;
  for (std::size_t c = 0; c < expected.size(); ++c)
    for (std::size_t t = 0; t < expected[c].size() && t < got[c].size(); ++t)
      if (expected[c][t] && got[c][t] && largest(expected[c][t]) > 0 &&
          gap({expected[c][t]}, {got[c][t]}) > tolerance)
        pairs.emplace_back(&expected[c][t], &got[c][t]);
  if (pairs.empty()) return "";
  const auto all = [&](auto&& holds) {
    return std::all_of(pairs.begin(), pairs.end(),
                       [&](const auto& pair) { return holds(*pair.first, *pair.second); });
  };
  const auto same_shape = [&] {
    return all([](const Tensor& e, const Tensor& g) { return e.shape() == g.shape(); });
  };
  if (!same_shape()) {
    if (all([](const Tensor& e, const Tensor& g) {
          return e.rank() == 2 && g.rank() == 2 && e.dim(0) == g.dim(1) && e.dim(1) == g.dim(0);
        }))
      return "your answer is the transposed shape";
    return "";
  }
  if (all([](const Tensor&, const Tensor& g) {
        return std::any_of(g.values().begin(), g.values().end(), [](Real v) { return std::isnan(v); });
      }))
    return "your answer holds NaN: a number that was never set, 0/0, infinity minus infinity, or the "
           "logarithm of a negative number";
  const auto scaled = [&](auto&& factor) {
    return all([&](const Tensor& e, const Tensor& g) {
      const double f = factor(e);
      for (Index i = 0; i < e.size(); ++i)
        if (!near(f * e[i], g[i], 10 * tolerance * largest(e) * std::max(std::abs(f), 1e-6))) return false;
      return true;
    });
  };
  if (scaled([](const Tensor&) { return 0.0; })) return "your answer is all zeros";
  if (scaled([](const Tensor&) { return -1.0; })) return "your answer has the wrong sign";
  // one factor for all
  {
    const Tensor &e = *pairs[0].first, &g = *pairs[0].second;
    Index at = 0;
    for (Index i = 0; i < e.size(); ++i)
      if (std::isfinite(e[i]) && std::abs(e[i]) > std::abs(e[at])) at = i;
    const double f = g[at] / e[at], offset = g[at] - e[at];
    const bool several = pairs.size() > 1 || e.size() > 1;
    if (several && std::isfinite(f) && scaled([&](const Tensor&) { return f; }))
      return text("your answer is ", f, " times the right one, everywhere");
    if (several && std::isfinite(offset) && all([&](const Tensor& x, const Tensor& y) {
          for (Index i = 0; i < x.size(); ++i)
            if (!near(x[i] + offset, y[i], 10 * tolerance * std::max(largest(x), std::abs(offset))))
              return false;
          return true;
        }))
      return text("your answer is the right one ", offset < 0 ? "minus " : "plus ", std::abs(offset),
                  ", everywhere");
  }
  if (pairs.size() > 1) {
    const auto rows = [](const Tensor& e) { return static_cast<double>(e.dim(0)); };
    const auto columns = [](const Tensor& e) { return static_cast<double>(e.size() / e.dim(0)); };
    if (scaled([&](const Tensor& e) { return 1 / rows(e); }))
      return "your answer is the right one divided by the number of rows";
    if (scaled([&](const Tensor& e) { return rows(e); }))
      return "your answer is the right one times the number of rows";
    if (scaled([&](const Tensor& e) { return 1 / columns(e); }))
      return "your answer is the right one divided by the size of a row";
    if (scaled([&](const Tensor& e) { return columns(e); }))
      return "your answer is the right one times the size of a row";
  }
  if (all([&](const Tensor& e, const Tensor& g) {
        if (e.dim(0) < 2) return false;
        const Index width = e.size() / e.dim(0);
        for (Index i = 0; i < e.size(); ++i)
          if (!near(e[i % width], g[i], 10 * tolerance * largest(e))) return false;
        return true;
      }))
    return "every row of your answer is the first row";
  if (all([](const Tensor& e, const Tensor& g) {
        if (e.size() < 2) return false;
        for (Index i = 1; i < g.size(); ++i)
          if (!near(g[0], g[i], 1e-12 * std::abs(g[0]))) return false;
        return true;
      }))
    return "your answer is the same number everywhere";
  return "";
}

}  // namespace gradus::grade
