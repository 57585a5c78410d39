#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_07() { return {}; }

}  // namespace gradus::grade
