#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_08() { return {}; }

}  // namespace gradus::grade
