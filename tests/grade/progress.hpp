#pragma once
// What a student has done so far: the latest result of each TODO, and the next one to write.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "commands.hpp"

namespace gradus::grade {

/// The text of a file; nothing when it does not exist.
std::optional<std::string> text_if_there(const std::filesystem::path& file);

/// The latest result of each TODO and the file text it applies to: build/grade/known.json.
class Known {
 public:
  explicit Known(const Project& project);
  void record(const TodoResult& todo, const std::string& text);
  struct Entry {
    std::string state;
    int points = 0, line = 0;
    bool current = false;  ///< the result applies to the current text
  };
  std::optional<Entry> find(const std::string& todo, const std::string& text) const;
  int hints_seen(const std::string& todo) const;
  void set_hints_seen(const std::string& todo, int count) { json_["hints"][todo] = count; }
  void save() const;

 private:
  std::filesystem::path path_;
  nlohmann::json json_ = nlohmann::json::object();
};

struct Standing {
  std::string state;         ///< "pass", "not_started", "changed" (since it was graded), or another outcome
  int points = 0, line = 0;  ///< points of the last grading, even if the file has changed since
};
/// The state of a TODO, without running anything.
Standing standing_of(const Project& project, const Known& known, const GradedFile& file, const Todo& todo);

struct Next {
  const Exercise* exercise = nullptr;
  const GradedFile* file = nullptr;
  const Todo* todo = nullptr;
  Standing standing;
};
/// The first unfinished TODO of one exercise, or of all. Started exercises come before untouched ones.
std::optional<Next> next_of(const Project& project, const Known& known, const Exercise* only);

/// The file of a TODO. Throws Error when the exercise has no such TODO.
const GradedFile& file_of(const Exercise& exercise, const std::string& todo);

}  // namespace gradus::grade
