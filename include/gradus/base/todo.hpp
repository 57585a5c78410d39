#pragma once
// What stands where a student's code will be.
#include "gradus/base/check.hpp"

namespace gradus {

/// Thrown by todo(): an exercise that was not begun. `id` is "4.5", file and line are the todo's own.
class NotImplemented : public Error {
 public:
  NotImplemented(const char* id_in, const char* file_in, int line_in)
      : Error(text(file_in, ":", line_in, ": TODO ", id_in, " is not written yet")),
        id(id_in),
        file(file_in),
        line(line_in) {}
  std::string id;
  std::string file;
  int line;
};

/// The id of an exercise, and the place where it is written: made from the id by itself.
struct TodoId {
  TodoId(const char* id_in, const char* file_in = __builtin_FILE(), int line_in = __builtin_LINE())  // NOLINT
      : id(id_in), file(file_in), line(line_in) {}
  const char* id;
  const char* file;
  int line;
};

/// Ends the function: todo("4.5", mu, logvar). The values are only named so that nobody warns of unused ones.
template <class... Values>
[[noreturn]] void todo(const TodoId& place, const Values&...) {
  throw NotImplemented(place.id, place.file, place.line);
}

}  // namespace gradus
