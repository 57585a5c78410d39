#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_06() { return {}; }

}  // namespace gradus::grade
