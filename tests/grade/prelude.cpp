#include "prelude.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "scratch.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

/// Headers that many exercises include, largest first.
constexpr std::array<const char*, 2> shared = {"gradus/autograd/op.hpp", "gradus/tensor/tensor.hpp"};

/// The text between the quotes or brackets of an #include line; empty for any other line.
std::string included(const std::string& line) {
  std::string rest = trimmed(line);
  if (!rest.starts_with("#")) return "";
  rest = trimmed(rest.substr(1));
  if (!rest.starts_with("include")) return "";
  rest = trimmed(rest.substr(7));
  const auto end = rest.size() > 2 ? rest.find_first_of("\">", 1) : std::string::npos;
  return end == std::string::npos || (rest[0] != '"' && rest[0] != '<') ? "" : rest.substr(1, end - 1);
}

/// Collects `header` of the library and all library headers that it includes.
void add_reached(const std::string& header, const fs::path& include, std::set<std::string>& reached) {
  if (!header.starts_with("gradus/") || !fs::is_regular_file(include / header) ||
      !reached.insert(header).second)
    return;
  std::istringstream lines(read_text(include / header));
  for (std::string line; std::getline(lines, line);) add_reached(included(line), include, reached);
}

/// A key that changes whenever a file changes that the compiler reads for a library header.
std::string state_of(const std::string& compiler, const fs::path& include) {
  std::vector<fs::path> files = {compiler, "/usr/include/features.h"};
  for (const auto& entry : fs::recursive_directory_iterator(include))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string state;
  std::error_code missing;
  for (const fs::path& file : files)
    state += text(file.string(), " ", fs::file_size(file, missing), " ",
                  fs::last_write_time(file, missing).time_since_epoch().count(), "\n");
  return state;
}

fs::path lock_of(const fs::path& cache) { return cache / "prelude.lock"; }

/// Keeps the most recently used precompiled headers.
void keep_newest(const fs::path& cache, std::size_t most) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  for (const auto& entry : fs::directory_iterator(cache))
    if (entry.is_directory() && entry.path().filename().string().starts_with("prelude_"))
      found.emplace_back(entry.last_write_time(), entry.path());
  std::sort(found.rbegin(), found.rend());
  std::error_code ignored;
  for (std::size_t i = most; i < found.size(); ++i) fs::remove_all(found[i].second, ignored);
}

}  // namespace

std::string prelude_of(const std::string& source, const fs::path& include) {
  std::istringstream lines(without_comments(source));
  std::set<std::string> reached;
  for (std::string line; std::getline(lines, line);) {
    if (trimmed(line).empty()) continue;
    const std::string header = included(line);
    if (header.empty()) break;
    add_reached(header, include, reached);
  }
  for (const char* header : shared)
    if (reached.count(header)) return header;
  return "";
}

fs::path precompiled(const std::string& header, std::vector<std::string> command, const Toolchain& tools,
                     const fs::path& cache, const BuildOptions& options) {
  std::string key = header + '\0' + state_of(command.front(), tools.include);
  for (const std::string& word : command) key += '\0' + word;
  const fs::path home = cache / ("prelude_" + digest(key).substr(0, 16)), file = home / "prelude.hpp";
  fs::create_directories(cache);
  const FileLock lock(lock_of(cache));  // others wait until the header is compiled
  if (fs::exists(home)) {
    fs::last_write_time(home, fs::file_time_type::clock::now());  // marks it as in use for keep_newest
    return file;
  }
  Scratch scratch(options.level, options.slot);
  const fs::path text = scratch.path / "prelude.hpp", made = scratch.path / "prelude.hpp.gch";
  write_text(text, "#include \"" + header + "\"\n");
  // By its name alone: messages about the library's headers contain it, and must not depend on the folder.
  command.insert(command.end(), {"-x", "c++-header", text.filename().string(), "-o", made.string()});
  const Outcome outcome = scratch.run(
      command,
      {.limits = {.cpu_seconds = 60, .memory = std::size_t{3} << 30, .file_bytes = std::size_t{512} << 20},
       .readable = {tools.include},
       .toolchain = tools.folders,
       .writable = scratch.path,
       .compiler = true},
      120);
  if (outcome.ending.code != 0 || outcome.out_of_time || !fs::exists(made)) return "";
  const fs::path part = home.string() + ".part";
  fs::remove_all(part);
  fs::create_directories(part);
  fs::copy_file(text, part / "prelude.hpp");
  fs::copy_file(made, part / "prelude.hpp.gch");
  for (const auto& entry : fs::directory_iterator(part))
    fs::permissions(entry.path(), fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                                      fs::perms::others_read);
  fs::rename(part, home);
  keep_newest(cache, 2 * shared.size());  // for two precisions
  return file;
}

void forget_precompiled(const fs::path& cache) {
  const FileLock lock(lock_of(cache));
  keep_newest(cache, 0);
}

}  // namespace gradus::grade
