#pragma once
// Errors for the caller's mistakes: which operation, what was given, what must hold.
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace gradus {

/// The caller's mistake, told in one sentence.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Everything streamable, joined into one string: text("row ", 3, " of ", name). The same in every locale.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  stream.imbue(std::locale::classic());  // no 60.000, no 0,5
  (stream << ... << parts);
  return stream.str();
}

}  // namespace gradus

/// The one macro: throws gradus::Error built from the parts when the condition does not hold.
#define GRADUS_CHECK(condition, ...)                                      \
  do {                                                                    \
    if (!(condition)) throw ::gradus::Error(::gradus::text(__VA_ARGS__)); \
  } while (false)
