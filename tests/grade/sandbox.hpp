#pragma once
// Where code that nobody has read may run: at most with its own memory, a clock, and two pipes.
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus::grade {

/// How high the walls are. A level has all of those below it.
///
///   l1   a process of its own, limits on time, memory and files, captured output       any POSIX system
///   l2   no file but the toolchain's or the program's own, no fork, no exec, no network, no look at other
///        processes (Landlock and seccomp); as root also a user of its own                Linux 5.13
///   l3   a file system, processes and a network of its own (bubblewrap)                  user namespaces
enum class Level { l1 = 1, l2 = 2, l3 = 3 };
const char* name_of(Level level);
/// "L2" or "2". Throws Error for anything else.
Level level_of(const std::string& name);

/// The highest level that this machine has, tried out once; and in words why not a higher one.
Level best_level();
std::string why_not_higher();
/// Whether a harmless program runs at this level, now.
bool sandbox_works(Level level);

struct Limits {
  double cpu_seconds = 5;
  std::size_t memory = std::size_t{1} << 30;
  std::size_t file_bytes = std::size_t{1} << 20;
};

/// What a program may see and do.
struct Jail {
  Level level = Level::l1;
  Limits limits{};
  std::vector<std::filesystem::path> readable{};   ///< files and folders besides the system's libraries
  std::vector<std::filesystem::path> toolchain{};  ///< folders of a compiler that is not the system's
  std::filesystem::path writable{};  ///< a folder; empty: nothing is kept (a folder in memory at l3)
  bool compiler = false;             ///< may see the toolchain and start processes of it
  int slot = 0;                      ///< different for programs that run at the same time
};

/// The user that slot n runs as at level 2, when the grader is root.
inline unsigned slot_user(int slot) { return 61000 + static_cast<unsigned>(slot); }

/// A started program. Frames go to `to`, come from `from`; stdout and stderr are read from `text`.
struct Process {
  int pid = -1;
  int to = -1, from = -1, text = -1;
  bool wrapped = false;  ///< bubblewrap stands between: it tells signal n as exit code 128 + n
  int guard = -1;        ///< a process of ours that ends a compiler's group when the grader ends
};

/// The sandbox stands, but argv[0] cannot be run in it.
class CannotRun : public Error {
 public:
  using Error::Error;
};

/// Starts argv[0] (an absolute path). Throws CannotRun, or Error when the sandbox cannot be set up.
Process start(const std::vector<std::string>& argv, const Jail& jail);

/// How a process ended: its exit code, or the signal, or killed by us.
struct Ending {
  int code = -1, signal = 0;
};
/// Ends it and everything that it started, and waits. Closes its pipes.
Ending finish(Process& process, bool kill_first);

/// Runs a program to its end with everything it says; stdin is empty.
struct Outcome {
  Ending ending{};
  bool out_of_time = false;
  std::string text{};  ///< the first 64 KiB
};
Outcome run(const std::vector<std::string>& argv, const Jail& jail, double seconds);

}  // namespace gradus::grade
