#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_02() { return {}; }

}  // namespace gradus::grade
