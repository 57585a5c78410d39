#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_03() { return {}; }

}  // namespace gradus::grade
