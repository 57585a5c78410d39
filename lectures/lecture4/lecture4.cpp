// Runs every program of the lecture, one after the other, each in a process of its own: a program that fails
// does not stop the others. What they print goes to out/lecture4/NN_title/log.txt, what they report to
// out/lecture4/summary.json; from that and the pictures comes out/lecture4/index.html.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "page.hpp"

namespace fs = std::filesystem;
using page::Json;
using page::Section;
using page::State;

namespace {

volatile std::sig_atomic_t interrupted = 0;  // the signal's number, once one came
volatile pid_t running = 0;                  // the program it is handed on to

extern "C" void on_signal(int signal) {
  interrupted = signal;
  if (running > 0) kill(running, signal);
}

/// As much of the text as fits into so many columns (a column a code point, which is near enough).
std::string fitted(const std::string& text, int columns) {
  std::string out;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && columns-- <= 0) break;
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string fixed(double value) {
  std::ostringstream out;
  out.precision(1);
  out << std::fixed << value;
  return out.str();
}

/// The line of the program that runs now: rewritten in place on a terminal, printed once elsewhere.
class Line {
 public:
  explicit Line(std::string head) : head_(std::move(head)) {}
  void update(double seconds, const std::string& words) const {
    if (!terminal_) return;
    winsize size{};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const int columns = size.ws_col > 20 ? size.ws_col : 100;
    std::cout << "\r\033[K" << fitted(head_ + fixed(seconds) + " s  " + words, columns - 1) << std::flush;
  }
  void finish(const std::string& words) const {
    std::cout << (terminal_ ? "\r\033[K" : "") << head_ << words << std::endl;
  }

 private:
  std::string head_;
  bool terminal_ = isatty(STDOUT_FILENO) != 0;
};

/// Starts the program with its output in a pipe; returns its process and the pipe's end to read from.
std::pair<pid_t, int> start(const fs::path& program, const std::vector<std::string>& settings) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), settings.begin(), settings.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {-1, -1};
  std::cout.flush();
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    setpgid(0, 0);  // Ctrl-C reaches it through us, once
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
    dprintf(STDERR_FILENO, "%s cannot be started: %s\n", argv[0], std::strerror(errno));
    _exit(127);
  }
  close(ends[1]);
  if (child < 0) close(ends[0]);
  return {child, ends[0]};
}

/// The last lines of a log, for a page or a terminal.
std::string last_lines(const std::string& log, int count) {
  std::size_t begin = log.size();
  while (begin > 0 && count >= 0) {
    if (log[begin - 1] == '\n' && begin < log.size() && --count < 0) break;
    --begin;
  }
  return log.substr(begin);
}

/// Reads what the program prints until it has ended; returns its status as waitpid gives it.
int follow(pid_t child, int pipe_end, std::ofstream& log, const Line& line) {
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
    line.update(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), shown);
    // Nothing more to read: either it has ended, or it left a child that holds the pipe; then its own end
    // counts.
    if (count <= 0 && waitpid(child, &status, WNOHANG) == child) return status;
    if (ready && count == 0) usleep(2000);  // the pipe is closed, the process is about to end
  }
}

Json read_summary(const fs::path& folder) {
  Json summary = Json::parse(page::slurp(folder / "summary.json"), nullptr, false);
  return summary.is_object() ? summary : Json::object();
}

void write_summary(const fs::path& folder, const Json& summary) {
  std::ofstream(folder / "summary.json.new")
      << summary.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  fs::rename(folder / "summary.json.new", folder / "summary.json");
}

/// Its entry goes before it runs, so that what is there afterwards is its own.
void forget(const fs::path& folder, const std::string& name) {
  Json summary = read_summary(folder);
  if (summary.erase(name) > 0) write_summary(folder, summary);
}

std::string reason_of(int status) {
  if (WIFSIGNALED(status)) return std::string("ended by signal: ") + strsignal(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

Section run(const fs::path& program, const fs::path& folder, const std::vector<std::string>& settings,
            const Line& line) {
  Section section;
  section.name = program.filename().string();
  fs::create_directories(folder / section.name);
  forget(folder, section.name);
  const fs::path log_file = folder / section.name / "log.txt";
  const auto begin = std::chrono::steady_clock::now();
  int status = 127 << 8;
  {
    std::ofstream log(log_file, std::ios::binary);
    const auto [child, pipe_end] = start(program, settings);
    running = child;
    if (interrupted != 0 && child > 0) kill(child, interrupted);  // it came between two programs
    if (child > 0) status = follow(child, pipe_end, log, line);
    running = 0;
    if (pipe_end >= 0) close(pipe_end);
  }
  section.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  section.log = last_lines(page::slurp(log_file), 40);
  section.report = read_summary(folder).value(section.name, Json::object());
  section.state = State::fine;
  if (interrupted != 0) {
    section.state = State::stopped;
    section.note = "stopped";
  } else if (status != 0) {
    section.state = State::failed;
    section.note = reason_of(status);
  } else if (section.report.empty()) {
    section.state = State::failed;
    section.note = "it ended well, but reported nothing in summary.json";
  }
  for (const page::Picture& picture : page::pictures_of(section.report)) {
    if (section.state != State::fine || fs::is_regular_file(folder / picture.file)) continue;
    section.state = State::failed;
    section.note = "picture " + picture.file + " was reported, but is not there";
  }
  return section;
}

/// What is known of a program that was not asked for this time.
Section remembered(const std::string& name, const fs::path& folder) {
  Section section;
  section.name = name;
  section.report = read_summary(folder).value(name, Json::object());
  if (section.report.empty()) return section;
  section.state = State::earlier;
  if (section.report.contains("seconds") && section.report["seconds"].is_number())
    section.seconds = section.report["seconds"];
  return section;
}

std::vector<std::string> programs_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.size() > 3 && isdigit(name[0]) && isdigit(name[1]) && name[2] == '_' && entry.is_regular_file())
      names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void print_table(const std::vector<Section>& sections) {
  std::size_t width = 7;
  for (const Section& section : sections) width = std::max(width, section.name.size());
  std::cout << '\n' << padded("program", width) << "  seconds  pictures  key figure\n";
  for (const Section& section : sections) {
    const std::string seconds = section.seconds > 0 ? fixed(section.seconds) : "-";
    const std::string pictures = std::to_string(page::pictures_of(section.report).size());
    std::cout << padded(section.name, width) << "  "
              << std::string(7 - std::min<std::size_t>(7, seconds.size()), ' ') << seconds << "  "
              << std::string(8 - std::min<std::size_t>(8, pictures.size()), ' ') << pictures << "  "
              << (section.state == State::fine ? ""
                                               : std::string(page::word_of(section.state)) +
                                                     (section.note.empty() ? "" : ": " + section.note) + "  ")
              << (section.state == State::failed ? "" : page::headline_of(section.report)) << '\n';
  }
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", std::localtime(&now));
  return text.data();
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = "out/lecture4", from;
  std::vector<std::string> only;
  CLI::App app(
      "Runs the programs of lecture 4 and writes a page with all they show.\n"
      "Every other option goes to the programs: --preset quick|full, --seed, --threads, --data, --epochs, "
      "--resume");
  app.allow_extras();
  app.add_option("--out", folder, "Folder for pictures, figures and the page")->capture_default_str();
  app.add_option("--only", only, "Only these programs: 03, or 03_autoencoder")->delimiter(',');
  app.add_option("--from", from, "Run the programs NN_title of this folder instead of the lecture's own");
  CLI11_PARSE(app, argc, argv);
  std::vector<std::string> settings{"--out", folder};
  for (const std::string& extra : app.remaining()) settings.push_back(extra);

  std::error_code no_proc;
  fs::path self = fs::read_symlink("/proc/self/exe", no_proc);
  if (no_proc) self = fs::absolute(argv[0]);
  const fs::path place = from.empty() ? self.parent_path() : fs::path(from);
  std::vector<std::string> names;
  std::istringstream list(
      GRADUS_LECTURE_PROGRAMS);  // by CMake: a folder may still hold programs of yesterday
  for (std::string name; list >> name;) names.push_back(name);
  if (!from.empty()) names = programs_in(place);

  const auto wanted = [&](const std::string& name) {
    return only.empty() || std::any_of(only.begin(), only.end(),
                                       [&](const std::string& word) { return name.starts_with(word); });
  };
  const auto count = std::count_if(names.begin(), names.end(), wanted);
  if (count == 0) {
    std::cerr << "lecture4: no such program\n";
    return 2;
  }
  fs::create_directories(folder);
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);

  std::size_t width = 0;
  for (const std::string& name : names) width = std::max(width, name.size());
  std::vector<Section> sections;
  int place_in_list = 0, failed = 0;
  double seconds = 0;
  for (const std::string& name : names) {
    if (!wanted(name) || interrupted != 0) {
      sections.push_back(remembered(name, folder));
      continue;
    }
    const Line line("[" + std::to_string(++place_in_list) + "/" + std::to_string(count) + "] " +
                    padded(name, width) + "  ");
    Section section = run(place / name, folder, settings, line);
    seconds += section.seconds;
    if (section.state == State::fine) {
      line.finish(fixed(section.seconds) + " s  " + page::headline_of(section.report));
    } else {
      failed += section.state == State::failed;
      line.finish(fixed(section.seconds) + " s  " + page::word_of(section.state) +
                  (section.state == State::failed ? ": " + section.note : "") + "; from " +
                  (fs::path(folder) / name / "log.txt").string() + ":");
      std::istringstream lines(last_lines(section.log, 8));
      for (std::string text; std::getline(lines, text);) std::cout << "      | " << text << '\n';
    }
    sections.push_back(std::move(section));
  }

  print_table(sections);
  page::write(folder, "Lecture 4: deep generative modelling",
              "Gradus · " + today() + " · " + fixed(seconds) + " s in all" +
                  (failed > 0 ? " · " + std::to_string(failed) + " failed" : ""),
              sections);
  std::cout << "\nAll pictures and figures: " << (fs::path(folder) / "index.html").string() << '\n';
  if (interrupted != 0) {
    std::cout << "Stopped. What the program printed last says how to go on.\n";
    return 128 + interrupted;
  }
  std::cout << place_in_list - failed << " of " << place_in_list << " programs ran\n";
  return failed > 0 ? 1 : 0;
}
