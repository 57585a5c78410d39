#pragma once
// The results of the programs, and the text of pages.
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
  Json report{};      ///< its entry in summary.json; an empty object when there is none
  std::string log{};  ///< the last lines of its output
  Json beside{};      ///< the program's report with the library's files (MINE=1), or empty
};

/// Whether this is the name of a program, NN_title, or begins with one.
bool is_program(std::string_view name);

/// A part of the lecture and its programs.
struct Part {
  std::string folder;  ///< "2_autoencoders", or "" for programs outside of all parts
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

/// A string entry of a report, or "" when it is missing or not a string.
std::string text_of(const Json& report, const std::string& key);

/// At most three significant digits; a whole number below a million keeps all of its digits.
std::string rounded(double value);

/// The text with the decimal fractions in it rounded to three significant digits.
std::string with_rounded_numbers(std::string_view words);

/// A figure for the reader: a rounded number, lists with commas.
std::string figure_text(const Json& value);

/// A file's bytes; "" when there is no such file.
std::string slurp(const std::filesystem::path& path);

std::string base64(std::string_view bytes);

/// The text with HTML's special characters escaped.
std::string escaped(std::string_view text);

/// Replaces @place@ in the page by `value`. Throws Error when the page does not contain @place@.
std::string filled(std::string page, std::string_view place, std::string_view value);

}  // namespace gradus::lecture::page
