#pragma once
// The exercises as data: exercises/NN_title/exercise.json and the files they refer to.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "check.hpp"

namespace gradus::grade {

struct Todo {
  std::string id;                     ///< "4.5"
  std::string title;                  ///< "KL of a diagonal Gaussian"
  std::vector<std::string> unused{};  ///< parameters that the stub names to avoid warnings
  std::vector<std::string> task{};    ///< lines of the task's text in tasks.md
};

/// A file of the library that students write completely or in part.
struct GradedFile {
  std::string source;  ///< "src/generative/gaussian_kl.cpp"
  std::string name;    ///< "gaussian_kl.cpp"
  std::string path;    ///< the student's file: "exercises/04_divergences/gaussian_kl.cpp"
  std::vector<Todo> todos;
  std::vector<std::string> formerly{};  ///< names in older editions of files with these TODOs
  /// Regular expressions of library functions that would give the answer away.
  std::vector<std::string> banned;
  /// A text that must build: the library's file, or the unmodified exercise file in a students' copy.
  std::filesystem::path control{};
};

struct Exercise {
  int number = 0;
  std::string folder;  ///< "04_divergences"
  std::string title;
  std::string program, shows;  ///< the program that runs the student's code, and its picture
  std::vector<GradedFile> files;

  std::string key() const { return folder.substr(0, 2); }
  /// By "4", "04" or "04_divergences".
  bool is_named(const std::string& name) const {
    return name == folder || name == key() || name == std::to_string(number);
  }
};

/// Reads every exercise.json below `folder` with its tasks.md, in order, and validates them:
/// ids and files are unique, ids belong to their exercise, every TODO has a task.
/// Throws Error naming the file and the field.
std::vector<Exercise> read_exercises(const std::filesystem::path& folder);

/// The tasks of a tasks.md by id: the text below `### 4.5 title`, formulas (indented by 4) indented by 2,
/// without empty lines. Throws Error for a repeated id.
std::map<std::string, std::vector<std::string>> read_tasks(const std::string& markdown);

/// The exercise with that name. Throws Error listing the names if there is none.
const Exercise& exercise_named(const std::vector<Exercise>& exercises, const std::string& name);

/// Points of a TODO: the sum over its checks.
int points_of(const Exercise& exercise, const std::string& todo);

/// Reads a whole text file. Throws Error when it cannot be read.
std::string read_text(const std::filesystem::path& file);
/// Writes to a temporary name, then renames.
void write_text(const std::filesystem::path& file, std::string_view text);

}  // namespace gradus::grade
