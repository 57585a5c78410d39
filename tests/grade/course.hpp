#pragma once
// The exercises as data: exercises/NN_title/exercise.json, and where everything stands.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "check.hpp"

namespace gradus::grade {

struct Todo {
  std::string id;                     ///< "4.5"
  std::string title;                  ///< "KL of a diagonal Gaussian"
  std::vector<std::string> unused{};  ///< parameters that only the solution uses, named against warnings
  std::vector<std::string> task{};    ///< lines of the text in tasks.md, for a comment
};

/// A file of the library that students write, or parts of it.
struct GradedFile {
  std::string source;  ///< "src/generative/gaussian_kl.cpp"
  std::string name;    ///< "gaussian_kl.cpp"
  std::string path;    ///< where the student writes: "exercises/04_divergences/gaussian_kl.cpp"
  std::vector<Todo> todos;
  std::vector<std::string> formerly{};  ///< names that files with some of these TODOs had in older editions
  std::vector<std::string>
      banned;  ///< functions of the library that would give the answer away, as regular expressions
  std::filesystem::path
      control{};  ///< a text that must build: the library's own, or in a students' copy the untouched
};

struct Exercise {
  int number = 0;
  std::string folder;  ///< "04_divergences"
  std::string title;
  std::string program, shows;  ///< which program draws a picture with the student's code, and of what
  std::vector<GradedFile> files;

  std::string key() const { return folder.substr(0, 2); }
  /// By "4", "04" or "04_divergences".
  bool is_named(const std::string& name) const {
    return name == folder || name == key() || name == std::to_string(number);
  }
};

/// Every exercise.json in the folders of `folder`, in order, with its tasks.md, checked: ids and files are
/// unique, ids belong to their exercise, every TODO has a task. Throws Error that names the file and the
/// field.
std::vector<Exercise> read_exercises(const std::filesystem::path& folder);

/// The tasks of a tasks.md by id: what stands below `### 4.5 title`, formulas (4 blanks deep) indented by 2,
/// empty lines left out. Throws Error for an id that is there twice.
std::map<std::string, std::vector<std::string>> read_tasks(const std::string& markdown);

/// The exercise of that name. Throws Error that lists the names for any other.
const Exercise& exercise_named(const std::vector<Exercise>& exercises, const std::string& name);

/// Points of a TODO: the sum over its checks.
int points_of(const Exercise& exercise, const std::string& todo);

/// A whole text file; Error when it cannot be read.
std::string read_text(const std::filesystem::path& file);
/// Writes under a temporary name, then renames.
void write_text(const std::filesystem::path& file, std::string_view text);

}  // namespace gradus::grade
