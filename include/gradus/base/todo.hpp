#pragma once
// todo(): the placeholder for missing code in an exercise file.
#include "gradus/base/check.hpp"

namespace gradus {

/// Thrown by todo(): a task of an exercise without code. `id` is the task's, such as "4.5"; `file` and `line`
/// locate the todo() call.
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

/// The id of a task and the location of its todo() call; the compiler supplies the location.
struct TodoId {
  TodoId(const char* id_in, const char* file_in = __builtin_FILE(), int line_in = __builtin_LINE())  // NOLINT
      : id(id_in), file(file_in), line(line_in) {}
  const char* id;
  const char* file;
  int line;
};

/// Ends the function by throwing NotImplemented: todo("4.5", mu, logvar). Passing the values avoids warnings
/// about unused parameters.
template <class... Values>
[[noreturn]] void todo(const TodoId& place, const Values&...) {
  throw NotImplemented(place.id, place.file, place.line);
}

}  // namespace gradus
