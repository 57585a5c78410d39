#include "sandbox.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "filter.hpp"
#include "gradus/base/check.hpp"
#include "landlock.hpp"
#ifdef __linux__
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace gradus::grade {
namespace fs = std::filesystem;

const char* name_of(Level level) {
  return level == Level::l3 ? "L3" : level == Level::l2 ? (geteuid() == 0 ? "L2r" : "L2") : "L1";
}

Level level_of(const std::string& name) {
  for (const Level level : {Level::l1, Level::l2, Level::l3})
    if (name == name_of(level) || name == std::to_string(static_cast<int>(level)) ||
        name == "L" + std::to_string(static_cast<int>(level)))
      return level;
  throw Error("sandbox level '" + name + "': must be L1, L2 or L3");
}

namespace {

constexpr const char* bwrap = "/usr/bin/bwrap";

/// Existing folders of shared libraries, plus those of the tools for a compiler.
std::vector<fs::path> system_folders(const Jail& jail) {
  std::vector<fs::path> all = {"/usr/lib", "/usr/lib32", "/usr/lib64",       "/usr/libexec",
                               "/lib",     "/lib64",     "/etc/ld.so.cache", "/etc/alternatives"};
  all.insert(all.end(), jail.toolchain.begin(), jail.toolchain.end());
  if (jail.compiler)
    all.insert(all.end(),
               {"/usr/bin", "/usr/include", "/usr/local/include", "/usr/local/lib", "/usr/share", "/bin"});
  std::erase_if(all, [](const fs::path& path) { return !fs::exists(path); });
  return all;
}

void limit(int what, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(static_cast<decltype(RLIMIT_CPU)>(what), &both);
}

void set_limits(const Limits& limits, bool compiler, Level level) {
  const auto seconds = static_cast<rlim_t>(limits.cpu_seconds + 1);
  const rlimit cpu{seconds, seconds + 1};  // SIGXCPU comes first, so a SIGKILL means low memory
  setrlimit(RLIMIT_CPU, &cpu);
  limit(RLIMIT_AS, limits.memory);
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_CORE, 0);
  if (!compiler) {
    if (level == Level::l1) limit(RLIMIT_NPROC, 0);  // higher levels refuse fork directly
    limit(RLIMIT_NOFILE, 16);
    limit(RLIMIT_STACK, rlim_t{8} << 20);
  }
}

#ifdef __linux__

int filter_file(bool compiler) {
  const int file = memfd_create("filter", 0);
  GRADUS_CHECK(file >= 0, "memfd_create: ", std::strerror(errno));
  scmp_filter_ctx filter = make_filter(compiler);
  if (!compiler) allow_abort(filter, 0);
  seccomp_export_bpf(filter, file);
  seccomp_release(filter);
  lseek(file, 0, SEEK_SET);
  return file;
}

#endif

/// The command that runs argv inside level 3's isolation.
std::vector<std::string> wrapped(const std::vector<std::string>& argv, const Jail& jail, int filter) {
  std::vector<std::string> command = {
      bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"};
  const auto add = [&](std::initializer_list<std::string> words) { command.insert(command.end(), words); };
  add({"--dev", "/dev", "--tmpfs", "/tmp"});
  for (const fs::path& path : system_folders(jail)) {
    if (fs::is_symlink(path) && path.parent_path() == "/")
      add({"--symlink", fs::read_symlink(path).string(), path.string()});
    else
      add({"--ro-bind", path.string(), path.string()});
  }
  if (jail.compiler) add({"--proc", "/proc", "--setenv", "PATH", "/usr/bin:/bin"});
  if (jail.compiler && !jail.writable.empty()) add({"--setenv", "TMPDIR", jail.writable.string()});
  for (const fs::path& path : jail.readable) add({"--ro-bind", path.string(), path.string()});
  if (!jail.writable.empty()) add({"--bind", jail.writable.string(), jail.writable.string()});
  // In-memory folders have no size limit of their own, so only the bound folder is writable.
  for (const char* path : {"/", "/dev", "/tmp"}) add({"--remount-ro", path});
  add({"--chdir", jail.writable.empty() ? "/tmp" : jail.writable.string()});
  add({"--seccomp", std::to_string(filter), "--"});
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

struct Pipe {
  int read = -1, write = -1;
};
Pipe make_pipe() {
  std::array<int, 2> ends{};
#ifdef __linux__
  GRADUS_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe: ", std::strerror(errno));
#else
  GRADUS_CHECK(pipe(ends.data()) == 0, "pipe: ", std::strerror(errno));
  for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
  return {ends[0], ends[1]};
}

/// At level 1 a child can make the system send any signal to the grader, through a pipe that the child
/// owns (F_SETOWN, F_SETSIG). Ignores every signal that has no handler and no other source.
void ignore_provoked_signals() {
  for (int number = 1; number < 65; ++number) {
    if (number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM || number == SIGCHLD ||
        number == SIGILL || number == SIGTRAP || number == SIGABRT || number == SIGBUS || number == SIGFPE ||
        number == SIGSEGV || number == SIGSYS || number == SIGCONT || number == SIGTSTP ||
        number == SIGTTIN || number == SIGTTOU || number == SIGWINCH)
      continue;
    struct sigaction now {};
    if (sigaction(number, nullptr, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL)
      std::signal(number, SIG_IGN);
  }
}

#ifdef __linux__
/// When the grader ends, the system kills a compiler but not the processes that the compiler has started.
/// This process waits for the grader's end, then kills the compiler's process group. Returns its id.
int guard_of(int leader) {
  const int grader = getpid(), guard = fork();
  if (guard != 0) return guard;
  setsid();  // signals to the grader's group must not end it
  syscall(SYS_close_range, 0U, ~0U, 0);
  sigset_t wake;
  sigfillset(&wake);
  sigprocmask(SIG_BLOCK, &wake, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int number = 0;
  while (getppid() == grader) sigwait(&wake, &number);
  kill(-leader, SIGKILL);
  _exit(0);
}
#endif

/// Everything that a new process needs. Prepared before fork,
/// because no memory may be allocated between fork and exec.
struct Launch {
  const Jail& jail;
  std::vector<std::string> command{};
  std::string path_variable = "PATH=/usr/bin:/bin", temp_variable{}, folder{};
  std::vector<char*> words{}, environment{};
  std::vector<fs::path> readable{};
  Pipe in = make_pipe(), out = make_pipe(), text = make_pipe(), status = make_pipe();
  int filter = -1, parent = getpid();
#ifdef __linux__
  scmp_filter_ctx own_filter = nullptr;
#endif

  Launch(const std::vector<std::string>& argv, const Jail& where) : jail(where), command(argv) {
#ifdef __linux__
    if (jail.level == Level::l3) {
      filter = filter_file(jail.compiler);
      command = wrapped(argv, jail, 5);
    }
    if (jail.level == Level::l2) own_filter = make_filter(jail.compiler);
    readable = system_folders(jail);
    readable.insert(readable.end(), jail.readable.begin(), jail.readable.end());
    if (jail.level == Level::l2 && jail.compiler)
      readable.insert(readable.end(), {"/proc/self", "/dev/urandom"});
#endif
    temp_variable = "TMPDIR=" + (jail.writable.empty() ? fs::path("/tmp") : jail.writable).string();
    folder = jail.writable.empty() ? "/" : jail.writable.string();
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    if (jail.compiler) environment = {path_variable.data(), temp_variable.data()};
    environment.push_back(nullptr);
  }
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  /// Closes the descriptors that only the new process needs.
  ~Launch() {
#ifdef __linux__
    if (own_filter) seccomp_release(own_filter);
#endif
    for (const int end : {in.read, out.write, text.write, status.read, status.write, filter})
      if (end >= 0) close(end);
  }
  void close_writing_end_of_status() { close(std::exchange(status.write, -1)); }
};

/// Moves the pipes to their descriptors and closes all others.
/// Returns the descriptor for reporting a failed step; exec closes it.
int take_places(const Launch& launch) {
  const int null = open("/dev/null", O_RDWR);
  // Moves our ends out of 0 .. 5, then to their places.
  const int ends[] = {fcntl(null, F_DUPFD, 20),
                      fcntl(launch.text.write, F_DUPFD, 20),
                      fcntl(launch.in.read, F_DUPFD, 20),
                      fcntl(launch.out.write, F_DUPFD, 20),
                      launch.filter >= 0 ? fcntl(launch.filter, F_DUPFD, 20) : -1,
                      fcntl(launch.status.write, F_DUPFD, 20)};
  dup2(ends[0], 0), dup2(ends[1], 1), dup2(ends[1], 2), dup2(ends[2], 3), dup2(ends[3], 4);
  int kept = 4;
  if (launch.filter >= 0) dup2(ends[4], kept = 5);
  const int tell = ++kept;
  dup2(ends[5], tell);
  fcntl(tell, F_SETFD, FD_CLOEXEC);
#ifdef __linux__
  syscall(SYS_close_range, static_cast<unsigned>(kept + 1), ~0U, 0);
#endif
  for (int file = kept + 1; file < 64; ++file) close(file);
  return tell;
}

/// Turns the new process into argv[0] inside its sandbox.
[[noreturn]] void become(const Launch& launch) {
  setsid();
  const int tell = take_places(launch);
  const auto fail = [tell](char step) {
    if (write(tell, &step, 1) < 0) _exit(98);
    _exit(97);
  };
  const Jail& jail = launch.jail;
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(97);
#endif
  for (int number = 1; number < 65; ++number)
    if (number != SIGKILL && number != SIGSTOP) std::signal(number, SIG_DFL);
  if (chdir(launch.folder.c_str()) != 0) fail('b');
  set_limits(jail.limits, jail.compiler, jail.level);
#ifdef __linux__
  if (jail.level == Level::l2) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!restrict_files(launch.readable, jail.writable)) fail('c');
    if (geteuid() == 0) {
      const unsigned user = slot_user(jail.slot);
      if (setgroups(0, nullptr) != 0 || setgid(user) != 0 || setuid(user) != 0) fail('d');
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // reset by the change of user
    }
    if (!jail.compiler) allow_abort(launch.own_filter, getpid());
    if (seccomp_load(launch.own_filter) != 0) fail('e');
  }
#endif
  execve(launch.words[0], launch.words.data(), launch.environment.data());
  fail('f');
  _exit(97);
}

}  // namespace

Process start(const std::vector<std::string>& argv, const Jail& jail) {
  ignore_provoked_signals();
  Launch launch(argv, jail);
  Process process{.pid = fork(),
                  .to = launch.in.write,
                  .from = launch.out.read,
                  .text = launch.text.read,
                  .wrapped = jail.level == Level::l3};
  if (process.pid == 0) become(launch);
  if (process.pid < 0) {
    const int why = errno;
    for (const int end : {process.to, process.from, process.text}) close(end);
    throw Error(std::string("fork: ") + std::strerror(why));
  }
#ifdef __linux__
  if (jail.compiler && jail.level != Level::l3)  // level 3 ends together with its first process
    process.guard = guard_of(process.pid);
#endif
  launch.close_writing_end_of_status();
  char step = 0;
  if (read(launch.status.read, &step, 1) == 1) {
    finish(process, false);
    if (step == 'f') throw CannotRun(argv[0] + " cannot be run");
    throw Error(std::string("the sandbox could not be set up, step ") + step);
  }
  for (const int end : {process.to, process.from, process.text}) fcntl(end, F_SETFL, O_NONBLOCK);
  return process;
}

Ending finish(Process& process, bool kill_first) {
  Ending ending;
  if (process.pid < 0) return ending;
  if (kill_first) kill(-process.pid, SIGKILL), kill(process.pid, SIGKILL);
  int status = 0;
  pid_t got = 0;  // after closing its pipes a process has a second to exit
  for (int tick = 0; tick < 1000 && (got = waitpid(process.pid, &status, WNOHANG)) == 0; ++tick) usleep(1000);
  if (got == 0) kill(-process.pid, SIGKILL), kill(process.pid, SIGKILL);
  while (got <= 0 && (got = waitpid(process.pid, &status, 0)) < 0 && errno == EINTR) {
  }
  kill(-process.pid, SIGKILL);  // processes left in its session
  if (process.guard > 0) {
    kill(process.guard, SIGKILL);
    while (waitpid(process.guard, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (WIFEXITED(status)) ending.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
  if (process.wrapped && ending.code > 128 && ending.code < 128 + 65) ending.signal = ending.code - 128;
  for (int* file : {&process.to, &process.from, &process.text}) {
    if (*file >= 0) close(*file);
    *file = -1;
  }
  process.pid = process.guard = -1;
  return ending;
}

Outcome run(const std::vector<std::string>& argv, const Jail& jail, double seconds) {
  Outcome outcome;
  Process process = start(argv, jail);
  close(process.to);
  process.to = -1;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  constexpr std::size_t most = 64 << 10;
  bool open = true;
  while (open) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      outcome.out_of_time = true;
      break;
    }
    pollfd one{process.text, POLLIN, 0};
    if (poll(&one, 1, static_cast<int>(left)) <= 0) continue;
    char piece[4096];
    const ssize_t got = read(process.text, piece, sizeof piece);
    if (got > 0)
      outcome.text.append(
          piece, std::min(static_cast<std::size_t>(got), most - std::min(most, outcome.text.size())));
    open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }
  outcome.ending = finish(process, outcome.out_of_time);
  return outcome;
}

namespace {

struct Probe {
  Level level = Level::l1;
  std::string why;
};

}  // namespace

bool sandbox_works(Level level) {
  try {
    for (const bool compiler : {false, true}) {  // a container may refuse the /proc that compilers need
      const Outcome outcome =
          run({"/usr/bin/true"}, {.level = level, .readable = {"/usr/bin"}, .compiler = compiler}, 5);
      if (outcome.ending.code != 0 || outcome.ending.signal != 0) return false;
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

namespace {

const Probe& probe() {
  static const Probe result = [] {
    Probe found;
#ifdef __linux__
    if (fs::exists(bwrap) && sandbox_works(Level::l3)) return Probe{Level::l3, ""};
    found.why = fs::exists(bwrap)
                    ? "bubblewrap is installed, but this system forbids user namespaces or their /proc"
                    : "bubblewrap is not installed";
    if (landlock_version() >= 1 && sandbox_works(Level::l2)) {
      found.level = Level::l2;
      return found;
    }
    found.why +=
        landlock_version() < 1 ? "; the kernel has no Landlock" : "; Landlock or seccomp are refused";
#else
    found.why = "only Linux has namespaces, Landlock and seccomp";
#endif
    return found;
  }();
  return result;
}

}  // namespace

Level best_level() { return probe().level; }
std::string why_not_higher() { return probe().why; }

}  // namespace gradus::grade
