#pragma once
// A temporary folder for one run of the compiler.
#include <filesystem>

#include "sandbox.hpp"

namespace gradus::grade {

/// A folder that is removed at the end of its scope. Its process holds a lock on it: the folders of graders
/// that were killed are told from those in use, and the next grader removes them. It does not lie below the
/// project, which the sandbox's user may be unable to reach.
class Scratch {
 public:
  std::filesystem::path path;

  /// Throws Error when no temporary folder can be made.
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// At level 2 as root, what runs in the sandbox is a user of its own, who now owns all that the folder
  /// holds.
  void hand_over(Level level, int slot) const;

 private:
  int lock_ = -1;
};

}  // namespace gradus::grade
