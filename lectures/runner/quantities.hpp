#pragma once
// What the figures of the programs measure.
#include <string>
#include <string_view>

namespace gradus::lecture {

/// The unit of a figure ("" for a plain number), and which values are better.
struct Quantity {
  std::string_view unit{};
  enum class Better { unknown, neither, lower, higher } better = Better::unknown;
};

/// The quantity of `name` among the figures of `program`; `unknown` when no rule has its name.
Quantity quantity_of(const std::string& program, const std::string& name);

/// "lower is better", "higher is better", or "–" for neither; "" when unknown.
std::string_view words_of(Quantity::Better better);

}  // namespace gradus::lecture
