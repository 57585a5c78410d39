#pragma once
// Temporary folders that the sandbox's user can reach, and running programs with one of them.
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "sandbox.hpp"

namespace gradus::grade {

/// A folder that is removed at the end of its scope. Its process holds a lock on it:
/// this distinguishes folders in use from those of killed graders, which the next grader removes.
///
/// At level 2 as root the sandbox runs as a separate user.
/// That user owns the folder and its contents, and may be unable to reach any other file of the grader:
/// the project can lie below a closed folder, and umask 077 closes every new file.
/// Files that the sandbox reads but cannot reach are copied, once per grader.
class Scratch {
 public:
  std::filesystem::path path;

  /// Throws Error when no temporary folder is reachable by the sandbox's user.
  Scratch(Level level, int slot);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The path at which the sandbox reads a file or folder: its own, or that of a copy.
  /// The copy lives until this process ends and is renewed when the original changes.
  std::filesystem::path shown(const std::filesystem::path& ours);

  /// Copies a file into this folder.
  std::filesystem::path bring(const std::filesystem::path& ours);

  /// Runs a program in the sandbox as `grade::run` does, at this folder's level and slot.
  /// Words of argv at or below a path in jail.readable are mapped to the path visible in the sandbox;
  /// the output is mapped back. Thread-safe.
  Outcome run(std::vector<std::string> argv, Jail jail, double seconds);

 private:
  void give_to_sandbox_user() const;

  Level level_;
  int slot_, lock_ = -1, owner_ = -1;
  std::mutex mutex_;
};

/// Keeps copies made by later forked processes until this process ends, and shares them among all of these.
void share_copies(Level level);

/// Whether the sandbox's user can reach a file or folder and read all of it.
bool reachable(const std::filesystem::path& path, Level level);

}  // namespace gradus::grade
