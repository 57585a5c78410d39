#pragma once
// The page of a lecture: one self-contained HTML file with every picture and figure, which opens without a
// network.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::lecture::page {

using Json = nlohmann::ordered_json;  // figures stay in the order in which the program reported them

enum class State { fine, failed, stopped, earlier, absent };

/// One program of the lecture: what happened to it, and what it reported.
struct Section {
  std::string name;  ///< 06_autoencoder
  State state = State::absent;
  std::string note;  ///< why it failed
  double seconds = 0;
  Json report;      ///< its entry in summary.json; an empty object when there is none
  std::string log;  ///< the last lines of what it printed
};

/// A part of the lecture and its programs; without a title, the page shows no heading for it.
struct Part {
  std::string title;  ///< "2 Autoencoders"
  std::vector<Section> sections;
};

/// A picture of a report: a file below the lecture's folder, and what is written under it.
struct Picture {
  std::string file, caption;
};

/// "pictures" lists the files; "captions" has texts for some of them, the others are called by their name.
std::vector<Picture> pictures_of(const Json& report);

/// The program's own headline, or else its first figure; "" when it reported neither.
std::string headline_of(const Json& report);

/// "ran", "failed", "stopped", "earlier run" or "not run".
const char* word_of(State state);

/// A file's bytes; "" when there is no such file.
std::string slurp(const std::filesystem::path& path);

std::string base64(std::string_view bytes);

/// The page with `value` in the place of @place@. Throws Error when the page has no such place.
std::string filled(std::string page, std::string_view place, std::string_view value);

/// Writes folder/index.html. Pictures are read below the folder and become part of the page.
/// Throws Error when it cannot be written.
void write(const std::filesystem::path& folder, const std::string& title, const std::string& subtitle,
           const std::vector<Part>& parts);

}  // namespace gradus::lecture::page
