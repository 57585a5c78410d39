#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_09() { return {}; }

}  // namespace gradus::grade
