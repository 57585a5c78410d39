#include "gradus/data/formats/sound_folder.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "gradus/base/check.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

bool is_sound(const fs::path& path) {
  const std::string ending = path.extension().string();
  return (ending == ".wav" || ending == ".WAV") && !path.filename().string().starts_with('.');
}

// A number without sign, 0 .. most.
int number_in(const std::string& word, int most, const std::string& file, const char* field) {
  int value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  GRADUS_CHECK(code == std::errc() && end == word.data() + word.size() && value >= 0 && value <= most, file,
               ": the ", field, " \"", word, "\" in the name must be a number from 0 to ", most);
  return value;
}

}  // namespace

std::vector<std::string> sound_files(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
    if (is_sound(entry->path())) files.push_back(entry->path().filename().string());
  GRADUS_CHECK(!code, folder.string(), ": cannot list the folder: ", code.message());
  GRADUS_CHECK(!files.empty(), folder.string(), ": no file *.wav");
  std::sort(files.begin(), files.end());
  return files;
}

FsddName parse_fsdd_name(const std::string& file) {
  const std::string name = fs::path(file).stem().string();
  const std::size_t first = name.find('_'), last = name.rfind('_');
  GRADUS_CHECK(is_sound(file) && first != name.npos && first + 1 < last, file,
               ": the name must be <digit>_<speaker>_<take>.wav");
  return {number_in(name.substr(0, first), 9, file, "digit"), name.substr(first + 1, last - first - 1),
          number_in(name.substr(last + 1), 9999, file, "take")};
}

SpokenDigits load_fsdd(const fs::path& root, const std::vector<std::string>& speakers) {
  const fs::path folder = root / "fsdd" / "recordings";
  SpokenDigits out;
  for (const std::string& file : sound_files(folder)) {
    FsddName name = parse_fsdd_name((folder / file).string());
    if (!speakers.empty() && std::find(speakers.begin(), speakers.end(), name.speaker) == speakers.end())
      continue;
    out.sounds.push_back(read_wav(folder / file, {.rate = 8000}));
    out.names.push_back(std::move(name));
  }
  for (const std::string& speaker : speakers)
    GRADUS_CHECK(std::any_of(out.names.begin(), out.names.end(),
                             [&](const FsddName& name) { return name.speaker == speaker; }),
                 folder.string(), ": no recording of ", speaker);
  return out;
}

}  // namespace gradus
