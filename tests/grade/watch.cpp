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

/// Grades the current exercise in a process of its own, which the next saved file or key ends.
class Watch {
 public:
  Watch(const Project& project, const GradeCommand& command, const Exercise* only)
      : project_(project), command_(command), current_(only ? only : first_open(project)) {
    for (const Exercise& exercise : project.exercises)
      for (const GradedFile& file : exercise.files)
        if (!only || only == &exercise)
          paths_.push_back(project.root / file.path), owners_.push_back(&exercise);
    if (!current_) current_ = &project.exercises.front();
  }

  void run() {
    Watched watched(paths_);
    start_job();
    while (!stopped) {
      const char key = keys_.wait(200);
      if (job_ > 0 && waitpid(job_, nullptr, WNOHANG) == job_) {
        job_ = -1;
        std::cout << "waiting for a saved file\n"
                  << std::flush;  // an editor's sign that the report is complete
      }
      if (const int file = watched.changed(); file >= 0) {
        current_ = owners_[static_cast<std::size_t>(file)];
        start_job();
        continue;
      }
      if (key == 'q') break;
      obey(key);
    }
    stop_job();
  }

 private:
  void obey(char key) {
    if (key == 'r') start_job();
    if (key == 'l') stop_job(), list_command(project_);
    if (key == 'h') stop_job(), hint_command(project_, current_->key(), "");
    if (key == 'n') {
      const auto at = static_cast<std::size_t>(current_ - project_.exercises.data());
      current_ = &project_.exercises[(at + 1) % project_.exercises.size()];
      start_job();
    }
  }

  void stop_job() {
    if (job_ <= 0) return;
    kill(-job_, SIGKILL);
    waitpid(job_, nullptr, 0);
    job_ = -1;
  }

  void start_job() {
    stop_job();
    if (keys_.there() && is_terminal(1)) std::cout << "\033[2J\033[H";
    std::cout << "watching exercise " << current_->key() << " " << current_->title
              << "; save a file to grade it. "
              << (keys_.there() ? "keys: h hint, n next exercise, l list, r run again, q quit" : "") << "\n"
              << std::flush;
    job_ = fork();
    if (job_ == 0) _exit(grade_once());
    setpgid(job_, job_);
  }

  /// In the process of a job: grades the current exercise; returns the exit code.
  int grade_once() const {
    setpgid(0, 0);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    int code = 70;
    try {
      GradeCommand one = command_;
      one.exercise = current_->key();
      one.first = command_.todo.empty();
      code = grade_command(project_, one);
    } catch (const std::exception& error) {
      std::cerr << "gradus-grade: " << error.what() << "\n";
    }
    std::cout << std::flush;
    return code;
  }

  const Project& project_;
  const GradeCommand& command_;
  const Keys keys_{};
  std::vector<fs::path> paths_{};
  std::vector<const Exercise*> owners_{};  // of the paths
  const Exercise* current_;
  int job_ = -1;
};

}  // namespace

int watch_command(const Project& project, const GradeCommand& command) {
  const Exercise* only = chosen(project, command.exercise, command.todo);
  std::signal(SIGINT, [](int) { stopped = true; });
  std::signal(SIGTERM, [](int) { stopped = true; });
  share_copies(command.level.empty() ? best_level() : level_of(command.level));
  Watch(project, command, only).run();
  return 0;
}

}  // namespace gradus::grade
