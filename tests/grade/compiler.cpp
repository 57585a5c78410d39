#include "compiler.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <unistd.h>

#include <algorithm>
#include <iomanip>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "attempt.hpp"
#include "gradus/base/check.hpp"
#include "prelude.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;

std::string digest(std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  GRADUS_CHECK(EVP_Digest(text.data(), text.size(), bytes, &length, EVP_sha256(), nullptr) == 1,
               "SHA-256 failed");
  std::ostringstream out;
  for (unsigned i = 0; i < length; ++i) out << std::hex << std::setw(2) << std::setfill('0') << int{bytes[i]};
  return out.str();
}

std::uint64_t keyed_digest(std::string_view key, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  GRADUS_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &length),
               "HMAC-SHA256 failed");
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

namespace {

/// The folder of a compiler that the system did not install, such as /opt/gcc-14; empty for the system's own.
std::vector<fs::path> compiler_folders(const std::string& compiler) {
  std::error_code missing;
  const fs::path real = fs::canonical(compiler, missing), prefix = real.parent_path().parent_path();
  if (missing) return {};
  std::vector<fs::path> folders;
  for (const fs::path& one : {fs::path(compiler), real})
    if (const std::string name = one.string();
        !name.starts_with("/usr/bin/") && !name.starts_with("/usr/lib/") &&
        !name.starts_with("/usr/libexec/") && !name.starts_with("/bin/"))
      folders.push_back(one);
  // excludes a home folder when the compiler is a script in ~/bin
  const bool whole =
      fs::exists(prefix / "lib/gcc") || fs::exists(prefix / "lib64/gcc") || fs::exists(prefix / "lib/clang");
  if (!folders.empty() && whole && prefix != "/usr") folders.push_back(prefix);
  return folders;
}

}  // namespace

Toolchain Toolchain::read(const fs::path& file) {
  std::map<std::string, std::string> values;
  std::istringstream in(read_text(file));
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find('=');
    GRADUS_CHECK(at != std::string::npos && values.emplace(line.substr(0, at), line.substr(at + 1)).second,
                 file.string(), ": expected one line 'name=value' per name, got '", line,
                 "' (a path with a line break?)");
  }
  const auto value = [&](const char* name) {
    const auto found = values.find(name);
    GRADUS_CHECK(found != values.end(), file.string(), ": no line '", name, "='");
    return found->second;
  };
  const auto list = [&](const char* name) {
    std::vector<std::string> words;
    std::istringstream parts(value(name));
    for (std::string word; std::getline(parts, word, ';');)
      if (!word.empty()) words.push_back(word);
    return words;
  };
  Toolchain tools;
  tools.compiler = value("compiler");
  tools.flags = value("flags");
  tools.worker_objects = list("worker_objects");
  tools.libraries = list("libraries");
  tools.archive = value("archive");
  tools.folders = compiler_folders(tools.compiler);
  for (const fs::path& folder : tools.folders)
    for (const char* name : {"lib64", "lib"})
      if (fs::exists(folder / name / "libstdc++.so.6")) tools.runtime.push_back(folder / name);
  tools.include = value("include");
  tools.solutions = list("solutions");
  tools.system = value("system");
  tools.gcc = value("gcc");
  tools.whole = value("whole") == "1";
  return tools;
}

namespace {

/// Removes workers of old texts, the oldest first, when there are many.
void forget_old(const fs::path& cache) {
  constexpr std::size_t most = 600, left = 400;
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  for (const auto& entry : fs::directory_iterator(cache))
    if (fs::exists(entry.path() / "built.json")) entries.emplace_back(entry.last_write_time(), entry.path());
  if (entries.size() <= most) return;
  std::sort(entries.begin(), entries.end());
  std::error_code ignored;
  for (std::size_t i = 0; i + left < entries.size(); ++i) fs::remove_all(entries[i].second, ignored);
}

/// Called after a text failed. Throws Error when a text that must build fails as well:
/// then the grader or the machine is at fault. One control per process and build configuration suffices,
/// unless the machine itself is in doubt.
void check_control(const Attempt& attempt, const fs::path& cache, bool doubtful) {
  static std::mutex mutex;
  static std::set<std::string> sound;
  const std::lock_guard lock(mutex);
  if (!doubtful && sound.count(attempt.key(""))) return;
  const Built control = attempt.run(read_text(attempt.file().control), "").built;
  if (control.state == State::compile_error) {
    forget_precompiled(cache);
    throw Error("the library's own " + attempt.file().name +
                " cannot be built here either: " + control.sentence + "\n" + control.compiler.substr(0, 400));
  }
  sound.insert(attempt.key(""));
}

/// The cached result for this text, if any.
std::optional<Built> kept_in(const fs::path& home) {
  if (!fs::exists(home / "built.json")) return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(read_text(home / "built.json"));
    const Built built{.state = static_cast<State>(json.at("state").get<int>()),
                      .worker = home / "worker",
                      .sentence = json.at("sentence").get<std::string>(),
                      .compiler = json.at("compiler").get<std::string>(),
                      .fresh = false};
    fs::last_write_time(home, fs::file_time_type::clock::now());  // marks it as in use for forget_old
    if (built.state != State::pass || fs::exists(built.worker)) return built;
  } catch (const std::exception&) {  // a damaged entry is rebuilt
  }
  return std::nullopt;
}

}  // namespace

Built build(const Toolchain& tools, const GradedFile& file, const std::string& source, const fs::path& cache,
            const BuildOptions& options) {
  const Attempt attempt(tools, file, cache, options);
  const fs::path home = cache / digest(attempt.key(source)).substr(0, 24);
  if (const auto kept = kept_in(home)) return *kept;
  if (std::string words = no_plain_text(source);
      !words.empty())  // avoids the compiler's many errors for such a file
    return {.state = State::compile_error, .sentence = std::move(words)};
  forget_old(cache);
  Attempt::Result result = attempt.run(source, home / "worker");
  if (result.built.state == State::compile_error) {
    check_control(attempt, cache, result.doubtful);
    // The first failure may have been caused by the machine: memory or disk may have been full. Try again.
    if (result.doubtful) result = attempt.run(source, home / "worker");
  }
  Built& built = result.built;
  built.worker = home / "worker";
  if (!result.doubtful)
    write_text(home / "built.json", nlohmann::json{{"state", static_cast<int>(built.state)},
                                                   {"sentence", built.sentence},
                                                   {"compiler", built.compiler}}
                                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return std::move(built);
}

}  // namespace gradus::grade
