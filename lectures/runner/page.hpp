#pragma once
// The page of a lecture: one self-contained HTML file with every picture and figure.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/report.hpp"

namespace gradus::lecture::page {

using Json = nlohmann::ordered_json;  // keeps the order of the figures

enum class State { fine, failed, stopped, earlier, absent };

/// One program of the lecture: its state and its report.
struct Section {
  std::string name;  ///< 06_autoencoder
  State state = State::absent;
  std::string note;  ///< reason of a failure
  double seconds = 0;
  Json report;      ///< its entry in summary.json; an empty object when there is none
  std::string log;  ///< the last lines of its output
};

/// A part of the lecture and its programs; without a title, the page shows no heading for it.
struct Part {
  std::string title;  ///< "2 Autoencoders"
  std::vector<Section> sections;
};

/// A picture of a report: a file below the lecture's folder, its caption, and the sounds that are played
/// below it.
struct Picture {
  std::string file, caption;
  std::vector<SoundFile> sounds{};
};

/// "pictures" lists the files; "captions" has texts for some of them, "sounds" players for some.
/// The caption of the others is their name.
std::vector<Picture> pictures_of(const Json& report);

/// The program's headline, or else its first figure; "" when it reported neither.
std::string headline_of(const Json& report);

/// "ran", "failed", "stopped", "earlier run" or "not run".
const char* word_of(State state);

/// A file's bytes; "" when there is no such file.
std::string slurp(const std::filesystem::path& path);

std::string base64(std::string_view bytes);

/// Replaces @place@ in the page by `value`. Throws Error when the page does not contain @place@.
std::string filled(std::string page, std::string_view place, std::string_view value);

/// Writes folder/index.html. Pictures are read from below the folder and embedded in the page.
/// Throws Error when it cannot be written.
void write(const std::filesystem::path& folder, const std::string& title, const std::string& subtitle,
           const std::vector<Part>& parts);

}  // namespace gradus::lecture::page
