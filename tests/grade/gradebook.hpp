#pragma once
// Results of a class: the journal with one line per finished exercise, and the tables made from it alone.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "classroom.hpp"

namespace gradus::grade {

/// A student with a submission.
struct Entrant {
  std::string id;
  std::vector<std::filesystem::path> paths;  ///< more than one if both "ada.zip" and "ada/" exist
};

/// The complete records of the journal, the last one per (student, exercise). Removes a truncated last line.
struct Journal {
  std::filesystem::path path;
  std::map<std::pair<std::string, std::string>, nlohmann::json> last;

  explicit Journal(const std::filesystem::path& file);
  /// Writes one complete line in one write; it is on disk when this returns.
  void append(const nlohmann::json& record) const;
};

/// Writes gradebook.csv, feedback and the mistake counts from the journal. False when a cell is REVIEW.
bool write_tables(const Project& project, const ClassCommand& command, const std::vector<Entrant>& students,
                  const Journal& journal, const std::set<std::string>& faults);

}  // namespace gradus::grade
