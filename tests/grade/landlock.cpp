#include "landlock.hpp"

#ifdef __linux__
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t may_read =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t may_all = (std::uint64_t{1} << 13) - 1;  // all access rights of Landlock 1

}  // namespace

int landlock_version() {
  return static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

bool restrict_files(const std::vector<fs::path>& readable, const fs::path& writable) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = may_all;
  const int rules = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0));
  if (rules < 0) return false;
  const auto allow = [&](const fs::path& path, std::uint64_t access) {
    const int file = open(path.c_str(), O_PATH | O_CLOEXEC);
    if (file < 0) return;
    struct stat status {};
    fstat(file, &status);
    if (!S_ISDIR(status.st_mode))
      access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access;
    rule.parent_fd = file;
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(file);
  };
  for (const fs::path& path : readable) allow(path, may_read);
  if (!writable.empty()) allow(writable, may_all);
  allow("/dev/null", may_read | LANDLOCK_ACCESS_FS_WRITE_FILE);
  const bool done = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  close(rules);
  return done;
}

}  // namespace gradus::grade
#endif
