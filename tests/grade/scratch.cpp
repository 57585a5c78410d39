#include "scratch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

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

/// Whether others may pass through every folder above it.
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
    // one that was just made may not be locked yet
    if (ours && status.st_mtime < std::time(nullptr) - 60 && flock(folder, LOCK_EX | LOCK_NB) == 0)
      fs::remove_all(entry.path(), ignored);
    close(folder);
  }
}

/// TMPDIR, or where the sandbox's user cannot reach that, one of the system's.
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
              "; name one in TMPDIR");
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
  GRADUS_CHECK(mkdtemp(name.data()), "no folder can be made in ", temporary.string(), ": ",
               std::strerror(errno));
  path = name;
  lock_ = open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  flock(lock_, LOCK_EX | LOCK_NB);
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
  close(lock_);
}

/// What we put there becomes the sandbox's user's. A program may be at work there and remove its own files
/// meanwhile.
void Scratch::hand_over() const {
  if (!has_own_user(level_)) return;
  const unsigned user = slot_user(slot_);
  std::vector<fs::path> places = {path};
  for (const auto& entry : fs::recursive_directory_iterator(path)) places.push_back(entry.path());
  for (const fs::path& one : places) {
    struct stat status {};
    if (lstat(one.c_str(), &status) != 0 || status.st_uid == user) continue;
    GRADUS_CHECK(lchown(one.c_str(), user, user) == 0 || errno == ENOENT, "chown: ", one.string(), ": ",
                 std::strerror(errno));
  }
}

fs::path Scratch::shown(const fs::path& ours) {
  const std::lock_guard lock(mutex_);
  if (const auto found = copies_.find(ours); found != copies_.end()) return found->second;
  const auto below = std::mismatch(path.begin(), path.end(), ours.begin(), ours.end()).first == path.end();
  if (below || reachable(ours, level_)) return ours;
  const fs::path folder = path / "shown" / std::to_string(copies_.size()), copy = folder / ours.filename();
  fs::create_directories(folder);
  fs::copy(ours, copy, fs::copy_options::recursive);
  hand_over();
  return copies_[ours] = copy;
}

namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

Outcome Scratch::run(std::vector<std::string> argv, Jail jail, double seconds) {
  jail.level = level_, jail.slot = slot_;
  std::map<std::string, std::string> names;  // shown -> ours
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
    hand_over();
  }
  Outcome outcome = grade::run(argv, jail, seconds);
  for (const auto& [inside, ours] : names) replace_all(outcome.text, inside, ours);
  return outcome;
}

}  // namespace gradus::grade
