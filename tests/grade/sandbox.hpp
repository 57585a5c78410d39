#pragma once
// Runs untrusted code with at most its own memory, a time limit, and two pipes.
#include <filesystem>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus::grade {

/// Isolation levels. Each level includes the lower ones.
///
///   l1   own process, limits on time, memory and files, captured output               any POSIX system
///   l2   no files but the toolchain's or the program's own, no fork, exec or network, no access to
///        other processes (Landlock and seccomp); as root also a separate user         Linux 5.13
///   l3   own file system, process namespace and network (bubblewrap)                  user namespaces
enum class Level { l1 = 1, l2 = 2, l3 = 3 };
const char* name_of(Level level);
/// "L2" or "2". Throws Error for anything else.
Level level_of(const std::string& name);

/// The highest level that this machine supports, tested once; and the reason why no higher level works.
Level best_level();
std::string why_not_higher();
/// Whether a harmless program currently runs at this level, as a student's program and as a compiler.
bool sandbox_works(Level level);

struct Limits {
  double cpu_seconds = 5;
  std::size_t memory = std::size_t{1} << 30;
  std::size_t file_bytes = std::size_t{1} << 20;
};

/// Access rights of a program.
struct Jail {
  Level level = Level::l1;
  Limits limits{};
  std::vector<std::filesystem::path> readable{};   ///< files and folders besides the system's libraries
  std::vector<std::filesystem::path> toolchain{};  ///< folders of a compiler outside the system's folders
  std::filesystem::path writable{};  ///< a folder; empty: no files are kept (an in-memory folder at l3)
  bool compiler = false;             ///< may read the toolchain and start its processes
  int slot = 0;                      ///< distinct for programs that run concurrently
};

/// The user of slot n at level 2 when the grader runs as root.
inline unsigned slot_user(int slot) { return 61000 + static_cast<unsigned>(slot); }

/// A running program. Frames are written to `to` and read from `from`;
/// stdout and stderr are read from `text`.
struct Process {
  int pid = -1;
  int to = -1, from = -1, text = -1;
  bool wrapped = false;  ///< run by bubblewrap, which reports signal n as exit code 128 + n
  int guard = -1;        ///< our process that kills a compiler's group when the grader ends
};

/// The sandbox works, but argv[0] cannot be run in it.
class CannotRun : public Error {
 public:
  using Error::Error;
};

/// Starts argv[0] (an absolute path). Throws CannotRun, or Error when the sandbox cannot be set up.
Process start(const std::vector<std::string>& argv, const Jail& jail);

/// How a process ended: its exit code, its signal, or killed by the grader.
struct Ending {
  int code = -1, signal = 0;
};
/// Kills the process and everything it started, and waits. Closes its pipes.
Ending finish(Process& process, bool kill_first);

/// Runs a program to its end and collects its output; stdin is empty.
struct Outcome {
  Ending ending{};
  bool out_of_time = false;
  std::string text{};  ///< the first 64 KiB
};
Outcome run(const std::vector<std::string>& argv, const Jail& jail, double seconds);

}  // namespace gradus::grade
