#pragma once
// todo(): what stands in an exercise file where code is missing.
#include "gradus/base/check.hpp"

namespace gradus {

/// Thrown by todo(): a task of an exercise that was not begun. `id` is "4.5", file and line are the todo's
/// own.
class NotImplemented : public Error {
 public:
  NotImplemented(const char* id_in, const char* file_in, int line_in)
      : Error(text(file_in, ":", line_in, ": task ", id_in, " is not written yet")),
        id(id_in),
        file(file_in),
        line(line_in) {}
  std::string id;
  std::string file;
  int line;
};

/// The id of a task and the place of its todo() call; the compiler fills in the place.
struct TodoId {
  TodoId(const char* id_in, const char* file_in = __builtin_FILE(), int line_in = __builtin_LINE())  // NOLINT
      : id(id_in), file(file_in), line(line_in) {}
  const char* id;
  const char* file;
  int line;
};

/// Ends the function by throwing NotImplemented: todo("4.5", mu, logvar). The values are named to avoid
/// warnings about unused parameters.
template <class... Values>
[[noreturn]] void todo(const TodoId& place, const Values&...) {
  throw NotImplemented(place.id, place.file, place.line);
}

}  // namespace gradus
