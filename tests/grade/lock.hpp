#pragma once
// A file lock that serialises work of several graders in one folder.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "gradus/base/check.hpp"

namespace gradus::grade {

/// Held until the end of its scope. Other holders wait, in this process and in all others.
class Lock {
 public:
  /// Creates `file` if it does not exist. Throws Error when that fails.
  explicit Lock(const std::filesystem::path& file)
      : file_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    GRADUS_CHECK(file_ >= 0, file.string(), ": cannot be written");
    flock(file_, LOCK_EX);
  }
  ~Lock() { close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

}  // namespace gradus::grade
