#pragma once
// Errors for invalid arguments: which operation, what was given, what must hold.
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

namespace gradus {

/// An invalid argument or an unusable file, described in one sentence.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Streams the parts into one string, independent of the locale: text("row ", 3, " of ", name).
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  stream.imbue(std::locale::classic());  // no "60.000", no "0,5"
  (stream << ... << parts);
  return stream.str();
}

}  // namespace gradus

/// The library's only macro: throws an Error built from the parts when the condition does not hold.
#define GRADUS_CHECK(condition, ...)                                      \
  do {                                                                    \
    if (!(condition)) throw ::gradus::Error(::gradus::text(__VA_ARGS__)); \
  } while (false)
