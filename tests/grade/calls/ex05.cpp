#include "../calls.hpp"

namespace gradus::grade {

std::vector<Call> calls_05() { return {}; }

}  // namespace gradus::grade
