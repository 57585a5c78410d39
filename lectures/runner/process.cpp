#include "runner/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <mutex>

#include "gradus/base/check.hpp"

namespace fs = std::filesystem;

namespace gradus::lecture {
namespace {

// A signal handler may use atomic numbers that need no lock. The handler writes `interrupted` before it reads
// `running`, Forwarding the other way round, so at least one of them sends the signal.
std::atomic<int> interrupted = 0;                         // number of the signal received, else 0
std::array<std::atomic<pid_t>, most_together> running{};  // the processes that get it; 0: a free place
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<pid_t>::is_always_lock_free);

extern "C" void on_signal(int signal) {
  interrupted = signal;
  for (const auto& process : running)
    if (const pid_t child = process; child > 0) kill(child, signal);
}

/// As long as this object exists, the process gets the runner's signals.
class Forwarding {
 public:
  explicit Forwarding(pid_t child) {
    for (place_ = running.data();; ++place_)
      if (pid_t free = 0; place_->compare_exchange_strong(free, child)) break;
    if (interrupted != 0) kill(child, interrupted);  // the signal came before
  }
  ~Forwarding() { *place_ = 0; }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

 private:
  std::atomic<pid_t>* place_;
};

/// Blocks SIGINT and SIGTERM on this thread until the end of the scope, or until open().
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t both;
    sigemptyset(&both);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&both, signal);
    pthread_sigmask(SIG_BLOCK, &both, &before_);
  }
  ~SignalsBlocked() { open(); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  void open() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// Starts the program with its output in a pipe; returns its process id and the read end of the pipe.
std::pair<pid_t, int> start(const fs::path& program, const std::vector<std::string>& settings) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), settings.begin(), settings.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string trouble = words[0] + " cannot be started\n";
  static std::mutex starting;
  const std::lock_guard one_at_a_time(starting);  // no other program inherits the pipe before its flag is set
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {-1, -1};
  for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
  std::cout.flush();
  SignalsBlocked signals;  // the child must not run the runner's handler
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {  // until execv only functions that are allowed in a signal handler
    setpgid(0, 0);   // the runner forwards Ctrl-C, so the program gets it once
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
    signals.open();
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() != parent) _exit(127);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv(argv[0], argv.data());
    _exit(write(STDERR_FILENO, trouble.data(), trouble.size()) < 0 ? 126 : 127);
  }
  close(ends[1]);
  if (child < 0) close(ends[0]);
  return {child, ends[0]};
}

/// Reads the program's output until it ends; returns its status as from waitpid.
int follow(pid_t child, int pipe_end, std::ofstream& log, const OnOutput& on_output) {
  const auto begin = std::chrono::steady_clock::now();
  std::string current, shown;
  std::array<char, 4096> buffer{};
  for (int status = 0;;) {
    pollfd source{pipe_end, POLLIN, 0};
    const bool ready = poll(&source, 1, 200) > 0;
    const ssize_t count = ready ? read(pipe_end, buffer.data(), buffer.size()) : 0;
    for (ssize_t i = 0; i < count; ++i) {
      const char c = buffer[static_cast<std::size_t>(i)];
      if (c != '\n' && c != '\r') {
        current += c;
      } else if (!current.empty()) {
        shown.swap(current);
        current.clear();
      }
    }
    if (count > 0) log.write(buffer.data(), count);
    on_output(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), shown);
    // Nothing to read: the program has ended, possibly with a child that still holds the pipe.
    // The end of the program itself counts.
    if (count <= 0 && waitpid(child, &status, WNOHANG) == child) return status;
    if (ready && count == 0) usleep(2000);  // the pipe is closed, the process will end soon
  }
}

}  // namespace

void forward_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
}

int signal_received() { return interrupted; }

int run_logged(const fs::path& program, const fs::path& log_file, const std::vector<std::string>& settings,
               const OnOutput& on_output) {
  std::ofstream log(log_file, std::ios::binary);
  GRADUS_CHECK(log, log_file.string(), ": cannot be written");
  const auto [child, pipe_end] = start(program, settings);
  int status = 127 << 8;
  if (child > 0) {
    const Forwarding forwarding(child);
    status = follow(child, pipe_end, log, on_output);
  }
  if (pipe_end >= 0) close(pipe_end);
  GRADUS_CHECK(log.flush(), log_file.string(), ": cannot be written");
  return status;
}

std::string last_lines(const std::string& log, int count) {
  std::size_t begin = log.size();
  while (begin > 0 && count >= 0) {
    if (log[begin - 1] == '\n' && begin < log.size() && --count < 0) break;
    --begin;
  }
  return log.substr(begin);
}

std::string reason_of(int status) {
  if (WIFSIGNALED(status)) return std::string("ended by signal: ") + strsignal(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace gradus::lecture
