#include "progress.hpp"

#include "gradus/base/check.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
using Json = nlohmann::json;

std::optional<std::string> text_if_there(const fs::path& file) {
  if (!fs::is_regular_file(file)) return std::nullopt;
  return fs::file_size(file) == 0 ? std::string() : read_text(file);
}

Known::Known(const Project& project) : path_(project.cache() / "known.json") {
  try {
    if (fs::exists(path_)) json_ = Json::parse(read_text(path_));
  } catch (const std::exception&) {
    json_ = Json::object();  // a cache: reset when damaged
  }
}

// The pages of the lessons show points and most.
void Known::record(const TodoResult& todo, const std::string& text) {
  json_["todos"][todo.todo.id] = {{"digest", digest(text)},
                                  {"state", name_of(todo.state)},
                                  {"points", todo.points},
                                  {"most", todo.most},
                                  {"line", todo.line}};
}

std::optional<Known::Entry> Known::find(const std::string& todo, const std::string& text) const {
  try {
    const Json& entry = json_.at("todos").at(todo);
    return Entry{entry.at("state").get<std::string>(), entry.at("points").get<int>(),
                 entry.at("line").get<int>(), entry.at("digest").get<std::string>() == digest(text)};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

int Known::hints_seen(const std::string& todo) const {
  return json_.value("hints", Json::object()).value(todo, 0);
}

void Known::save() const { write_text(path_, json_.dump(1)); }

Standing standing_of(const Project& project, const Known& known, const GradedFile& file, const Todo& todo) {
  const std::optional<std::string> text = text_if_there(project.root / file.path);
  if (!text) return {"missing", 0, 0};
  const auto entry = known.find(todo.id, *text);
  if (entry && entry->current)
    return {entry->state, entry->points, entry->line ? entry->line : task_line(*text, todo.id)};
  if (const int line = open_line(*text, todo.id)) return {"not_started", 0, line};
  return {"changed", entry ? entry->points : 0, task_line(*text, todo.id)};
}

std::optional<Next> next_of(const Project& project, const Known& known, const Exercise* only) {
  std::optional<Next> next;
  for (const Exercise& exercise : project.exercises) {
    if (only && only != &exercise) continue;
    std::optional<Next> first;
    bool begun = false;
    for (const GradedFile& file : exercise.files)
      for (const Todo& todo : file.todos) {
        const Standing standing = standing_of(project, known, file, todo);
        begun |= standing.state != "not_started";
        if (!first && standing.state != "pass" && standing.state != "skipped")
          first = Next{&exercise, &file, &todo, standing};
      }
    if (first && begun) return first;
    if (!next) next = first;
  }
  return next;
}

const GradedFile& file_of(const Exercise& exercise, const std::string& todo) {
  std::string known;
  for (const GradedFile& file : exercise.files)
    for (const Todo& one : file.todos) {
      if (one.id == todo) return file;
      known += " " + one.id;
    }
  throw Error("no TODO '" + todo + "' in exercise " + exercise.key() + "; there are" + known);
}

}  // namespace gradus::grade
