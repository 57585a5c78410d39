#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_03() { return {}; }

}  // namespace gradus::grade
