#pragma once
// Report: what a lecture program found out, and summary.json, where the reports of all programs meet.
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gradus::lecture {

struct Report {
  std::string title{}, slide{}, look{};
  std::string preset{}, dataset{};
  std::uint64_t seed = 0;
  int threads = 0;
  double seconds = 0;
  std::string headline{};                                       ///< the result in one sentence
  std::vector<std::pair<std::string, double>> figures{};        ///< in the order they were found
  std::vector<std::pair<std::string, std::string>> pictures{};  ///< file relative to the folder, caption
};

/// Puts the report under `program` into `<out>/summary.json` and leaves the other programs' alone:
///
///     {"06_autoencoder": {"title", "slide", "look", "preset", "seed", "dataset", "threads", "seconds",
///                         "headline", "figures": {name: number}, "pictures": [file], "captions": {file:
///                         text}}}
///
/// Programs that end at the same time wait for each other (a lock on `<out>/.summary.lock`), and a reader
/// sees the old file or the new one. A file that is no JSON object is kept as summary.json.bad, said on
/// stderr. Throws Error when writing fails.
void merge_report(const std::filesystem::path& out, const std::string& program, const Report& report);

/// Takes the report under `program` out of `<out>/summary.json`, with the same lock and the same errors.
void forget_report(const std::filesystem::path& out, const std::string& program);

}  // namespace gradus::lecture
