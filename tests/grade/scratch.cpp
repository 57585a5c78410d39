#include "scratch.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>

#include "compiler.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

constexpr const char* prefix = "gradus-grade-";

bool has_own_user(Level level) { return level == Level::l2 && geteuid() == 0; }

bool others_may(const fs::path& path, mode_t what) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & what) == what;
}

/// Whether other users may enter every folder above it.
bool others_get_to(const fs::path& path) {
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    if (!others_may(folder, S_IXOTH)) return false;
    if (folder == folder.root_path()) return true;
  }
}

void remove_stale(const fs::path& temporary) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(temporary, ignored)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    const int folder = open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status {};
    if (folder < 0) continue;
    const bool ours = fstat(folder, &status) == 0 &&
                      (status.st_uid == geteuid() ||
                       (geteuid() == 0 && status.st_uid >= slot_user(0) && status.st_uid < slot_user(64)));
    // A new folder may not be locked yet.
    if (ours && status.st_mtime < std::time(nullptr) - 60 && flock(folder, LOCK_EX | LOCK_NB) == 0)
      fs::remove_all(entry.path(), ignored);
    close(folder);
  }
}

/// TMPDIR, or a system folder if the sandbox's user cannot reach it.
fs::path temporary_folder(Level level) {
  std::vector<fs::path> all = {"/tmp", "/var/tmp", "/dev/shm"};
  if (const char* given = std::getenv("TMPDIR"); given && *given) {
    GRADUS_CHECK(fs::is_directory(given), "TMPDIR names '", given, "', which is not a folder");
    all.insert(all.begin(), fs::absolute(given));
  }
  std::string tried;
  for (const fs::path& one : all) {
    std::error_code missing;
    const fs::path real = fs::canonical(one, missing);
    if (!missing && access(real.c_str(), W_OK) == 0 && (!has_own_user(level) || others_get_to(real / "any")))
      return real;
    tried += (tried.empty() ? "" : ", ") + one.string();
  }
  throw Error("no temporary folder that user " + std::to_string(slot_user(0)) + " can enter: tried " + tried +
              "; set TMPDIR to one");
}

}  // namespace

bool reachable(const fs::path& path, Level level) {
  if (!has_own_user(level)) return true;
  const fs::path real = fs::canonical(path);
  if (!others_get_to(real)) return false;
  if (!fs::is_directory(real)) return others_may(real, S_IROTH);
  if (!others_may(real, S_IROTH | S_IXOTH)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(real))
    if (!others_may(entry.path(), entry.is_directory() ? S_IROTH | S_IXOTH : S_IROTH)) return false;
  return true;
}

Scratch::Scratch(Level level, int slot) : level_(level), slot_(slot) {
  const fs::path temporary = temporary_folder(level);
  static std::once_flag first;
  std::call_once(first, remove_stale, temporary);
  std::string name = (temporary / (prefix + std::string("XXXXXX"))).string();
  GRADUS_CHECK(mkdtemp(name.data()), "no folder can be created in ", temporary.string(), ": ",
               std::strerror(errno));
  path = name;
  owner_ = getpid();
  lock_ = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  flock(lock_, LOCK_EX | LOCK_NB);
}

Scratch::~Scratch() {
  std::error_code ignored;
  if (getpid() == owner_) fs::remove_all(path, ignored);
  close(lock_);
}

namespace {

/// Changes the owner of the files in an open folder. A running program may remove its own files meanwhile
/// or replace them by links to the grader's, so paths are never resolved from the root.
void give_contents(int folder, unsigned user) {
  DIR* entries = fdopendir(folder);
  GRADUS_CHECK(entries, "opendir: ", std::strerror(errno));
  while (const dirent* entry = readdir(entries)) {
    const std::string name = entry->d_name;
    struct stat status {};
    if (name == "." || name == ".." || fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISDIR(status.st_mode)) {
      const int below = openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (below >= 0) give_contents(below, user);
    } else if (status.st_uid == geteuid()) {
      GRADUS_CHECK(fchownat(folder, name.c_str(), user, user, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT,
                   "chown: ", name, ": ", std::strerror(errno));
    }
  }
  struct stat status {};
  if (fstat(folder, &status) == 0 && status.st_uid == geteuid())
    GRADUS_CHECK(fchown(folder, user, user) == 0, "chown: ", std::strerror(errno));
  closedir(entries);  // also closes `folder`
}

/// A key that changes whenever the grader's file, or a file in the grader's folder, changes.
std::string state_of(const fs::path& ours) {
  std::string state;
  const auto add = [&](const fs::path& one) {
    std::error_code folder;
    state += text(one.string(), " ", fs::file_size(one, folder), " ",
                  fs::last_write_time(one).time_since_epoch().count(), "\n");
  };
  add(ours);
  if (fs::is_directory(ours))
    for (const auto& entry : fs::recursive_directory_iterator(ours)) add(entry.path());
  return state;
}

void open_to_all(const fs::path& place) {
  const auto open_one = [](const fs::path& one, bool folder) {
    using enum fs::perms;
    const bool runs = folder || (fs::status(one).permissions() & owner_exec) != none;
    fs::permissions(one, owner_read | owner_write | group_read | others_read |
                             (runs ? owner_exec | group_exec | others_exec : none));
  };
  open_one(place, fs::is_directory(place));
  if (fs::is_directory(place))
    for (const auto& entry : fs::recursive_directory_iterator(place))
      open_one(entry.path(), entry.is_directory());
}

/// The folder of copies for all runs of this process and of processes forked later.
const Scratch& home_of_copies(Level level) {
  static const Scratch home(level, 0);
  static std::once_flag first;
  std::call_once(first, [] { fs::permissions(home.path, fs::perms(0711)); });
  return home;
}

/// A copy that all users can read; the sandbox shows each run only its own.
/// The copy's name identifies the original.
fs::path shared_copy(const fs::path& ours, Level level) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const fs::path place =
                     home_of_copies(level).path / digest(ours.string() + "\n" + state_of(ours)).substr(0, 24),
                 part = place.string() + "." + std::to_string(getpid()) + ".part";
  if (!fs::exists(place)) {
    fs::create_directories(part);
    fs::copy(ours, part / ours.filename(), fs::copy_options::recursive);
    open_to_all(part);
    std::error_code made_meanwhile;
    fs::rename(part, place, made_meanwhile);
    if (made_meanwhile) fs::remove_all(part);
  }
  return place / ours.filename();
}

}  // namespace

void share_copies(Level level) {
  if (has_own_user(level)) home_of_copies(level);
}

/// Gives files placed in the folder to the sandbox's user.
void Scratch::give_to_sandbox_user() const {
  if (!has_own_user(level_)) return;
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  GRADUS_CHECK(folder >= 0, path.string(), ": ", std::strerror(errno));
  give_contents(folder, slot_user(slot_));
}

fs::path Scratch::shown(const fs::path& ours) {
  const auto below = std::mismatch(path.begin(), path.end(), ours.begin(), ours.end()).first == path.end();
  return below || reachable(ours, level_) ? ours : shared_copy(ours, level_);
}

fs::path Scratch::bring(const fs::path& ours) {
  const fs::path copy = path / ours.filename();
  fs::copy(ours, copy);
  const std::lock_guard lock(mutex_);
  give_to_sandbox_user();
  return copy;
}

namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

Outcome Scratch::run(std::vector<std::string> argv, Jail jail, double seconds) {
  jail.level = level_, jail.slot = slot_;
  std::map<std::string, std::string> names;  // path in the sandbox -> original path
  for (fs::path& ours : jail.readable) {
    const fs::path inside = shown(ours);
    if (inside == ours) continue;
    for (std::string& word : argv)
      if (word == ours.string() || word.starts_with(ours.string() + "/"))
        word.replace(0, ours.string().size(), inside.string());
    names[inside.string()] = ours.string();
    ours = inside;
  }
  {
    const std::lock_guard lock(mutex_);
    give_to_sandbox_user();
  }
  Outcome outcome = grade::run(argv, jail, seconds);
  for (const auto& [inside, ours] : names) replace_all(outcome.text, inside, ours);
  return outcome;
}

}  // namespace gradus::grade
