// make watch: grades whenever a file is saved.
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

#include "commands.hpp"
#include "gradus/base/terminal.hpp"
#include "scratch.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

/// Reads single keys without Enter; restores the terminal at the end.
class Keys {
 public:
  Keys() : there_(isatty(0)) {
    if (!there_ || tcgetattr(0, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(0, TCSANOW, &raw);
  }
  ~Keys() {
    if (there_) tcsetattr(0, TCSANOW, &before_);
  }
  /// A key pressed within `milliseconds`, or 0.
  char wait(int milliseconds) const {
    if (!there_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      return 0;
    }
    pollfd one{0, POLLIN, 0};
    char key = 0;
    if (poll(&one, 1, milliseconds) > 0 && read(0, &key, 1) != 1) return 'q';
    return key;
  }
  bool there() const { return there_; }

 private:
  bool there_;
  termios before_{};
};

std::atomic<bool> stopped{false};

/// Detects changes of the watched files: size, time and, when these differ, content.
class Watched {
 public:
  explicit Watched(std::vector<fs::path> files) : files_(std::move(files)) {
    for (const fs::path& file : files_) seen_.push_back(look(file));
  }
  /// Index of a file whose content changed, or -1.
  int changed() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      Look now = look(files_[i], &seen_[i]);
      const bool other = now.content != seen_[i].content;
      seen_[i] = std::move(now);
      if (other) return static_cast<int>(i);
    }
    return -1;
  }

 private:
  struct Look {
    fs::file_time_type time{};
    std::uintmax_t size = 0;
    std::string content;
  };
  static Look look(const fs::path& file, const Look* before = nullptr) {
    Look now;
    std::error_code error;
    now.time = fs::last_write_time(file, error);
    if (error) return now;  // an editor may be replacing it
    now.size = fs::file_size(file, error);
    if (before && before->time == now.time && before->size == now.size) return *before;
    try {
      now.content = now.size ? digest(read_text(file)) : "empty";
    } catch (const Error&) {
      if (before) now.content = before->content;
    }
    return now;
  }
  std::vector<fs::path> files_;
  std::vector<Look> seen_;
};

}  // namespace

int watch_command(const Place& place, const GradeCommand& command) {
  const Exercise* only = chosen(place, command.exercise, command.todo);
  std::vector<fs::path> paths;
  std::vector<const Exercise*> owners;
  for (const Exercise& exercise : place.exercises)
    for (const GradedFile& file : exercise.files)
      if (!only || only == &exercise) paths.push_back(place.root / file.path), owners.push_back(&exercise);
  std::signal(SIGINT, [](int) { stopped = true; });
  std::signal(SIGTERM, [](int) { stopped = true; });
  const Keys keys;
  Watched watched(paths);
  const Exercise* current = only ? only : first_open(place);
  if (!current) current = &place.exercises.front();
  const std::string help = keys.there() ? "keys: h hint, n next exercise, l list, r run again, q quit" : "";
  int job = -1;
  const auto stop_job = [&] {
    if (job <= 0) return;
    kill(-job, SIGKILL);
    waitpid(job, nullptr, 0);
    job = -1;
  };
  const auto start_job = [&] {
    stop_job();
    if (keys.there() && is_terminal(1)) std::cout << "\033[2J\033[H";
    std::cout << "watching exercise " << current->key() << " " << current->title
              << "; save a file to grade it. " << help << "\n"
              << std::flush;
    job = fork();
    if (job == 0) {
      setpgid(0, 0);
      std::signal(SIGINT, SIG_DFL);
      std::signal(SIGTERM, SIG_DFL);
      int code = 70;
      try {
        GradeCommand one = command;
        one.exercise = current->key();
        one.first = command.todo.empty();
        code = grade_command(place, one);
      } catch (const std::exception& error) {
        std::cerr << "gradus-grade: " << error.what() << "\n";
      }
      std::cout << std::flush;
      _exit(code);
    }
    setpgid(job, job);
  };
  share_copies(command.level.empty() ? best_level() : level_of(command.level));
  start_job();
  while (!stopped) {
    const char key = keys.wait(200);
    if (job > 0 && waitpid(job, nullptr, WNOHANG) == job) job = -1;
    if (const int file = watched.changed(); file >= 0) {
      current = owners[static_cast<std::size_t>(file)];
      start_job();
      continue;
    }
    if (key == 'q') break;
    if (key == 'r') start_job();
    if (key == 'l') stop_job(), list_command(place);
    if (key == 'h') stop_job(), hint_command(place, current->key(), "");
    if (key == 'n') {
      const auto at = static_cast<std::size_t>(current - place.exercises.data());
      current = &place.exercises[(at + 1) % place.exercises.size()];
      start_job();
    }
  }
  stop_job();
  return 0;
}

}  // namespace gradus::grade
