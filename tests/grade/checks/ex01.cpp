#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_01() { return {}; }

}  // namespace gradus::grade
