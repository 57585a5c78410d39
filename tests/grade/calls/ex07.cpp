#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_07() { return {}; }

}  // namespace gradus::grade
