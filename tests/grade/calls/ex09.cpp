#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_09() { return {}; }

}  // namespace gradus::grade
