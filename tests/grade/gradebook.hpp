#pragma once
// What is known of a class: the journal, a line a finished exercise, and the tables that are made of it
// alone.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "classroom.hpp"

namespace gradus::grade {

/// A student who handed something in.
struct Entrant {
  std::string id;
  std::vector<std::filesystem::path> paths;  ///< one; more when "ada.zip" lies beside "ada/"
};

/// Records that are whole, the last one of every (student, exercise). A line that was cut off is cut away.
struct Journal {
  std::filesystem::path path;
  std::map<std::pair<std::string, std::string>, nlohmann::json> last;

  explicit Journal(const std::filesystem::path& file);
  /// One write of one whole line, on the disk when this returns.
  void append(const nlohmann::json& record) const;
};

/// gradebook.csv, feedback and the histogram, from the journal alone. False when some cell is REVIEW.
bool write_tables(const Place& place, const ClassCommand& command, const std::vector<Entrant>& students,
                  const Journal& journal, const std::set<std::string>& faults);

}  // namespace gradus::grade
