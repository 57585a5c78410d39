#include "runner/exercises.hpp"

#include <set>

#include "gradus/base/check.hpp"
#include "runner/page.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

using page::escaped;
using page::Json;

Json read_json(const fs::path& path) { return Json::parse(page::slurp(path), nullptr, false); }

/// json[key], or null when it has no such entry.
Json entry(const Json& json, const std::string& key) {
  return json.is_object() && json.contains(key) ? json[key] : Json();
}

/// "points: 2 of 3" for a task that was graded, else "".
std::string points_of(const Json& result) {
  const Json points = entry(result, "points"), most = entry(result, "most");
  if (!points.is_number_integer()) return "";
  return text("points: ", points.get<int>(), most.is_number_integer() ? text(" of ", most.get<int>()) : "");
}

/// `folder` is "04_divergences"; `results` are the last results of the tasks by their numbers.
std::string box(const fs::path& root, const std::string& folder, const std::string& address,
                const Json& results) {
  const Json exercise = read_json(root / "exercises" / folder / "exercise.json");
  const std::string number = folder.substr(0, 2);
  std::string rows;
  for (const Json& file : entry(exercise, "files"))
    for (const Json& task : entry(file, "todos")) {
      const std::string id = page::text_of(task, "id");
      rows += "<tr><td>" + escaped(id) + "</td><td>" + escaped(page::text_of(task, "title")) + "</td><td>" +
              points_of(entry(results, id)) + "</td></tr>\n";
    }
  if (rows.empty()) return "";
  return "<div class=\"exercise\"><p><a href=\"" + escaped(address) + "\">Exercise " + number + ": " +
         escaped(page::text_of(exercise, "title")) + "</a> · <code>make watch EX=" + number +
         "</code></p>\n<table><tbody>\n" + rows + "</tbody></table></div>\n";
}

}  // namespace

std::string exercise_boxes(const fs::path& root, const std::string& html) {
  const std::string start = "more/exercises.", end = ".README.md.html";
  const Json results = entry(read_json(root / "build/grade/known.json"), "todos");
  std::string boxes;
  std::set<std::string> done;
  for (std::size_t i = 0; (i = html.find("href=\"" + start, i)) != html.npos;) {
    i += 6;
    const std::string address = html.substr(i, html.find('"', i) - i);
    if (!address.ends_with(end) || address.size() <= start.size() + end.size()) continue;
    const std::string folder = address.substr(start.size(), address.size() - start.size() - end.size());
    if (done.insert(folder).second) boxes += box(root, folder, address, results);
  }
  return boxes;
}

}  // namespace gradus::lecture
