#pragma once
// todo(): the placeholder for missing code in an exercise file.
#include "gradus/base/check.hpp"

namespace gradus {

/// Thrown by todo(): a task of an exercise without code.
class NotImplemented : public Error {
 public:
  /// The message names the place and the task.
  NotImplemented(const char* id_in, const char* file_in, int line_in)
      : Error(text(file_in, ":", line_in, ": task ", id_in, " is not written yet")),
        id(id_in),
        file(file_in),
        line(line_in) {}
  std::string id;    ///< of the task, such as "4.5"
  std::string file;  ///< of the todo() call
  int line;          ///< of the todo() call
};

/// The id of a task and the location of its todo() call; the compiler supplies the location.
struct TodoId {
  /// Converts the id; the other arguments are defaults that locate the caller.
  TodoId(const char* id_in, const char* file_in = __builtin_FILE(), int line_in = __builtin_LINE())  // NOLINT
      : id(id_in), file(file_in), line(line_in) {}
  // As in NotImplemented.
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
