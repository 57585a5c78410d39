#pragma once
// Temporary folders that the sandbox's user can reach, and programs that run with one of them.
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "sandbox.hpp"

namespace gradus::grade {

/// A folder that is removed at the end of its scope. Its process holds a lock on it: the folders of graders
/// that were killed are told from those in use, and the next grader removes them.
///
/// At level 2 as root the sandbox has a user of its own. That user owns the folder and what lies in it, and
/// may be unable to reach anything else of ours: the project can lie below a closed folder, and under umask
/// 077 every file that we make is closed. What the sandbox reads and cannot reach is copied, once per grader.
class Scratch {
 public:
  std::filesystem::path path;

  /// Throws Error when there is no temporary folder that the sandbox's user can reach.
  Scratch(Level level, int slot);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// The name under which the sandbox reads a file or folder of ours: its own, or that of a copy, which is
  /// kept until this process ends and made anew when something in the original changes.
  std::filesystem::path shown(const std::filesystem::path& ours);

  /// Copies a file into this folder.
  std::filesystem::path bring(const std::filesystem::path& ours);

  /// Runs a program in the sandbox as `grade::run` does, at this folder's level and slot. Words of argv that
  /// lie at or below a path in jail.readable name what is shown of it; in the text they have their own names
  /// again. Safe from two threads.
  Outcome run(std::vector<std::string> argv, Jail jail, double seconds);

 private:
  void hand_over() const;

  Level level_;
  int slot_, lock_ = -1, owner_ = -1;
  std::mutex mutex_;
};

/// Copies that processes forked from now on make are kept until this one ends, and found by all of them.
void share_copies(Level level);

/// Whether the sandbox's user can reach a file or folder and read all of it.
bool reachable(const std::filesystem::path& path, Level level);

}  // namespace gradus::grade
