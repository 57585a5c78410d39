#pragma once
// Results of a class: the journal with one line per finished exercise, and the tables made from it alone.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "classroom.hpp"
#include "entrants.hpp"

namespace gradus::grade {

/// The whole lines of a journal, the last one per (student, exercise). Only reads, so the journal may be one
/// that a running program appends to. Damaged lines and a truncated last line are passed over.
struct Records {
  std::map<std::pair<std::string, std::string>, nlohmann::json> last{};
  std::size_t damaged = 0;   ///< lines whose checksum is wrong
  std::uintmax_t whole = 0;  ///< bytes without a truncated last line

  explicit Records(const std::filesystem::path& file);
};

/// The journal of this run. Removes a truncated last line.
struct Journal {
  std::filesystem::path path;
  std::map<std::pair<std::string, std::string>, nlohmann::json> last;

  explicit Journal(const std::filesystem::path& file);
  /// Writes complete lines in one write; they are on disk when this returns. A truncated last line of
  /// another process becomes a damaged line.
  void append(const std::vector<nlohmann::json>& records) const;
};

/// Submissions that need attention.
struct Outcomes {
  std::set<std::string> faults{};      ///< students without a trusted result: REVIEW
  std::vector<std::string> refused{};  ///< students whose submission was refused
};

/// Writes gradebook.csv, feedback and the mistake counts from the journal, and prints what concerns the
/// instructor. Returns the exit code: 70 when a cell is REVIEW.
int publish(const Project& project, const ClassCommand& command, const Submissions& submissions,
            const Journal& journal, const Outcomes& outcomes);

}  // namespace gradus::grade
