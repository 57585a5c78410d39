#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_01() { return {}; }

}  // namespace gradus::grade
