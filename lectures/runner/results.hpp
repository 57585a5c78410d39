#pragma once
// The results of one program as HTML: state, pictures, sounds, figures, output.
#include <filesystem>
#include <set>
#include <string>

#include "runner/page.hpp"

namespace gradus::lecture {

/// Where the results are.
struct Folders {
  std::filesystem::path out{};     ///< of this run; the pages are here
  std::filesystem::path beside{};  ///< of the run with the library's files (MINE=1), or empty
};

/// The title in the program's report, or else its name: 03_latent_variables gives "Latent variables".
std::string title_of(const page::Section& section);

/// A program's state in a frame.
std::string badge(page::State state);

/// Preset, seed, data and seconds; for a program that has not run, the command that runs it;
/// the reason of a failure.
std::string state_of(const page::Section& section);

/// Pictures and sounds, a table of the figures, and the output. Pictures whose files are in `shown` are left
/// out. The results of the library's files stand beside those of the student's.
std::string results_of(const page::Section& section, const Folders& folders,
                       const std::set<std::string>& shown);

/// One picture, sound or page of a report.
std::string picture_html(const std::filesystem::path& folder, const std::string& url_prefix,
                         const page::Picture& picture);

/// A picture of the run; with other results to compare, beside the same picture there.
std::string picture_of_run(const page::Section& section, const Folders& folders,
                           const page::Picture& picture);

/// The figure of a program's report with its unit; "" when the report does not have it.
std::string figure_of(const page::Json& report, const std::string& program, const std::string& name);

/// The head of a table of figures with other results to compare; else "".
std::string figures_head(bool beside);
/// A table row per figure: its name, its value, with other results to compare also theirs, and the direction
/// that is better.
std::string figure_rows(const page::Section& section);

}  // namespace gradus::lecture
