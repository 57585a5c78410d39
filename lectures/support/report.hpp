#pragma once
// Report: the results of a lecture program, and summary.json with the reports of all programs.
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gradus::lecture {

/// A sound that the page plays.
struct SoundFile {
  std::string file{}, name{};  ///< relative to the folder; the words beside the player
};

struct Report {
  std::string title{}, slide{}, look{};
  std::string preset{}, dataset{};
  std::uint64_t seed = 0;
  int threads = 0;
  double seconds = 0;
  std::string headline{};                                       ///< the result in one sentence
  std::vector<std::pair<std::string, double>> figures{};        ///< in the order of reporting
  std::vector<std::pair<std::string, std::string>> pictures{};  ///< file relative to the folder, caption
  /// A picture's file, and what is played below it.
  std::vector<std::pair<std::string, std::vector<SoundFile>>> sounds{};
};

/// Writes the report under `program` in `<out>/summary.json`; other entries stay unchanged:
///
///     {"06_autoencoder": {"title", "slide", "look", "preset", "seed", "dataset", "threads", "seconds",
///                         "headline", "figures": {name: number}, "pictures": [file],
///                         "captions": {file: text},
///                         "sounds": {picture: [{"file", "name"}]}}}      if there are any
///
/// A lock on `<out>/.summary.lock` serialises programs that end at the same time, and a reader sees
/// either the old or the new file. A file that is not a JSON object is kept as summary.json.bad,
/// with a message on stderr. Throws Error when writing fails.
void merge_report(const std::filesystem::path& out, const std::string& program, const Report& report);

/// Removes the report under `program` from `<out>/summary.json`, with the same lock and the same errors.
void forget_report(const std::filesystem::path& out, const std::string& program);

}  // namespace gradus::lecture
