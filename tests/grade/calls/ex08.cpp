#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_08() { return {}; }

}  // namespace gradus::grade
