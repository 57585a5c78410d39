#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_06() { return {}; }

}  // namespace gradus::grade
