#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_02() { return {}; }

}  // namespace gradus::grade
