#pragma once
// Folders of WAV files, and the Free Spoken Digit Dataset (FSDD).
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/io/sound.hpp"

namespace gradus {

/// The names of the WAV files (.wav, in lower or upper case) in a folder, sorted byte by byte. Hidden files
/// (a name that begins with '.') are ignored. Throws Error when it is not a folder or contains no WAV file.
std::vector<std::string> sound_files(const std::filesystem::path& folder);

/// The description of a recording in its file name, digit_speaker_take.wav, such as 7_theo_41.wav.
struct FsddName {
  int digit = 0;          ///< 0 .. 9
  std::string speaker{};  ///< such as "theo"
  int take = 0;           ///< 0 .. 9999; the takes 0 .. 4 are for testing
};
/// Parses a file's name; folders before it are ignored.
/// Throws Error, naming file and field, when it does not have that form.
FsddName parse_fsdd_name(const std::string& file);

/// The recordings of some speakers.
struct SpokenDigits {
  std::vector<Sound> sounds{};    ///< 8000 samples per second
  std::vector<FsddName> names{};  ///< one per sound
};
/// Reads `<root>/fsdd/recordings`: the recordings of these speakers (empty: of all) in sorted order.
/// Throws Error when the folder or a speaker is missing, or a file is broken, has another rate or another
/// form of name.
SpokenDigits load_fsdd(const std::filesystem::path& root, const std::vector<std::string>& speakers = {});

}  // namespace gradus
