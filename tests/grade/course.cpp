#include "course.hpp"

#include <algorithm>
#include <locale>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  const std::vector<std::byte> bytes = read_file(file, std::size_t{16} << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_text(const fs::path& file, std::string_view text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  write_file(file, std::as_bytes(std::span(text.data(), text.size())));
}

std::map<std::string, std::vector<std::string>> read_tasks(const std::string& markdown) {
  std::map<std::string, std::vector<std::string>> tasks;
  std::vector<std::string>* task = nullptr;
  std::istringstream lines(markdown);
  lines.imbue(std::locale::classic());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("### ")) {
      const std::string id = line.substr(4, line.find(' ', 4) - 4);
      GRADUS_CHECK(!tasks.contains(id), "two tasks of TODO ", id);
      task = &tasks[id];
    } else if (line.starts_with("#")) {
      task = nullptr;
    } else if (task && !line.empty()) {
      task->push_back(line.starts_with("    ") ? line.substr(2) : line);
    }
  }
  return tasks;
}

std::vector<Exercise> read_exercises(const fs::path& folder) {
  using Json = nlohmann::json;
  std::vector<fs::path> files;
  GRADUS_CHECK(fs::is_directory(folder), "no folder ", folder.string());
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "exercise.json")) files.push_back(entry.path() / "exercise.json");
  std::sort(files.begin(), files.end());
  GRADUS_CHECK(!files.empty(), "no exercise.json in the folders of ", folder.string());

  std::vector<Exercise> exercises;
  std::set<std::string> names, ids;
  for (const fs::path& file : files) try {
      const Json root = Json::parse(read_text(file));
      Exercise exercise;
      exercise.folder = file.parent_path().filename().string();
      const std::string& name = exercise.folder;
      GRADUS_CHECK(name.size() > 3 && name[0] >= '0' && name[0] <= '9' && name[1] >= '0' && name[1] <= '9' &&
                       name[2] == '_',
                   "the folder's name must begin with two digits and '_'");
      exercise.number = std::stoi(name.substr(0, 2));
      exercise.title = root.at("title").get<std::string>();
      exercise.program = root.at("shows").at("program").get<std::string>();
      exercise.shows = root.at("shows").at("text").get<std::string>();
      const auto tasks = read_tasks(read_text(file.parent_path() / "tasks.md"));
      for (const Json& part : root.at("files")) {
        GradedFile graded;
        graded.source = part.at("source").get<std::string>();
        graded.name = fs::path(graded.source).filename().string();
        graded.path = "exercises/" + name + "/" + graded.name;
        graded.control = folder.parent_path() / graded.source;
        if (!fs::exists(graded.control)) graded.control = folder / ".original" / graded.name;
        GRADUS_CHECK(names.insert(graded.name).second, "two graded files are named '", graded.name, "'");
        for (const Json& todo : part.at("todos")) {
          const auto id = todo.at("id").get<std::string>();
          graded.todos.push_back(
              {id, todo.at("title").get<std::string>(), todo.value("unused", std::vector<std::string>())});
          GRADUS_CHECK(tasks.contains(id) && !tasks.at(id).empty(), "tasks.md has no task '", id, "'");
          graded.todos.back().task = tasks.at(id);
          GRADUS_CHECK(ids.insert(id).second, "two TODOs are named '", id, "'");
          GRADUS_CHECK(id.starts_with(std::to_string(exercise.number) + "."), "TODO '", id,
                       "' is listed in exercise ", exercise.number);
        }
        GRADUS_CHECK(!graded.todos.empty(), graded.source, " has no TODO");
        graded.formerly = part.value("formerly", std::vector<std::string>());
        if (part.contains("banned")) graded.banned = part.at("banned").get<std::vector<std::string>>();
        exercise.files.push_back(std::move(graded));
      }
      exercises.push_back(std::move(exercise));
    } catch (const std::exception& error) {
      throw Error(file.string() + ": " + error.what());
    }
  return exercises;
}

const Exercise& exercise_named(const std::vector<Exercise>& exercises, const std::string& name) {
  std::string known;
  for (const Exercise& exercise : exercises) {
    if (exercise.is_named(name)) return exercise;
    known += " " + exercise.key();
  }
  throw Error("no exercise '" + name + "'; there are" + known);
}

int points_of(const Exercise& exercise, const std::string& todo) {
  int sum = 0;
  for (const Check& check : checks_of(exercise.number))
    if (check.todo == todo) sum += check.points;
  return sum;
}

}  // namespace gradus::grade
