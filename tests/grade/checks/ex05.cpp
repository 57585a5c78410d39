#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_05() { return {}; }

}  // namespace gradus::grade
