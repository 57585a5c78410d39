#include "classroom.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "archive.hpp"
#include "gradebook.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/number.hpp"
#include "lockdown.hpp"
#include "outputs.hpp"
#include "report.hpp"
#include "scratch.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

/// Reads the course's key; makes it first if asked to. Several parts may do so at the same time.
std::string course_key(const fs::path& file, bool make) {
  if (make && !fs::exists(file)) {
    make_folder(file.parent_path());
    const FileLock lock(file.string() + ".lock");
    if (!fs::exists(file)) {
      std::random_device device;
      std::string key;
      for (int i = 0; i < 8; ++i) key += hexadecimal(device());
      write_text(file, key + "\n");
      fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
  GRADUS_CHECK(fs::exists(file), file.string(), ": no such key");
  std::string key = read_text(file);
  while (!key.empty() && (key.back() == '\n' || key.back() == ' ')) key.pop_back();
  GRADUS_CHECK(key.size() >= 16, file.string(), ": a course key has at least 16 characters");
  return key;
}

/// One student's exercise in the journal. Holds no times, so grading again gives the same bits.
Json record_of(const std::string& id, const std::string& submission, const ExerciseResult& result) {
  Json todos = Json::array();
  for (const TodoResult& todo : result.todos) {
    const CheckResult* failure = todo.first_failure();
    todos.push_back({{"id", todo.todo.id},
                     {"state", name_of(todo.state)},
                     {"points", todo.points},
                     {"most", todo.most},
                     {"mistake", failure ? failure->mistake : ""}});
  }
  return {{"id", id},
          {"digest", submission},
          {"exercise", result.exercise->folder},
          {"seed", hexadecimal(result.seed)},
          {"level", name_of(result.level)},
          {"todos", todos},
          {"feedback", markdown({result}, result.exercise->title, {})}};
}

/// Outcome of a student's process: graded, unchanged, refused, or a fault of the grader.
enum Job { job_done = 0, job_known = 3, job_refused = 4, job_fault = 70 };

/// Grades the missing exercises of one student, in a separate process.
Job grade_student(const Project& project, const ClassCommand& command, const Journal& journal,
                  const Entrant& student, const std::string& key, const std::string& by, Level level,
                  int slot) {
  const bool again = command.regrade == student.id;
  const auto [submitted, refused] = handed_in(student, command.submissions, project.exercises);
  Budget budget;
  bool anything = false;
  for (const Exercise& exercise : project.exercises) {
    if (!command.wants(exercise)) continue;
    const auto known = journal.last.find({student.id, exercise.folder});
    if (!again && known != journal.last.end() && known->second.at("digest") == submitted.digest &&
        known->second.value("by", "") == by)
      continue;
    anything = true;
    ExerciseResult result;
    if (refused.empty()) {
      GradeOptions options{.seed = keyed_digest(key, submitted.digest + exercise.folder),
                           .build = {.level = level, .slot = slot},
                           .budget = &budget};
      result = grade(
          exercise,
          [&files = submitted.files](const GradedFile& file) -> std::optional<std::string> {
            const auto found = files.find(file.name);
            return found == files.end() ? std::nullopt : std::optional(found->second);
          },
          project.tools, command.out / "cache" / std::to_string(slot), options);
    } else {
      result.exercise = &exercise;
      result.level = level;
    }
    Json record = record_of(student.id, submitted.digest, result);
    if (!refused.empty()) record["refused"] = refused, record["feedback"] = "";
    record["notes"] = submitted.notes;
    record["by"] = by;
    if (command.part) record["part"] = *command.part;
    journal.append({record});
  }
  return !refused.empty() ? job_refused : anything ? job_done : job_known;
}

/// Why the sandbox does not suffice: it is below the required level, or has a hole. Empty when it does.
std::string weakness_of(Level level, const std::string& required) {
  const std::vector<std::string> holes = escapes(level);
  if (static_cast<int>(level) >= static_cast<int>(level_of(required)) && holes.empty()) return "";
  return std::string("the sandbox reaches ") + name_of(level) +
         (holes.empty() ? "" : ", and a restriction does not hold: " + holes[0]) + "; " + required +
         " is required (" + why_not_higher() + ")";
}

/// Grades all students, each in a separate process, `command.jobs` at a time.
class ClassRun {
 public:
  ClassRun(const Project& project, const ClassCommand& command, const Journal& journal,
           const std::vector<Entrant>& students, const std::string& key, Level level)
      : project_(project),
        command_(command),
        journal_(journal),
        students_(students),
        key_(key),
        by_(digest(read_text("/proc/self/exe") + key + name_of(level)).substr(0, 16)),
        level_(level) {
    for (int slot = 0; slot < command.jobs; ++slot) slots_.insert(slot);
  }

  Outcomes run() {
    while (ended_ < students_.size()) {
      while (begun_ < students_.size() && !slots_.empty()) begin(begun_++);
      int status = 0;
      const auto found = running_.find(waitpid(-1, &status, 0));
      if (found == running_.end()) continue;
      const auto [student, slot] = found->second;
      running_.erase(found);
      slots_.insert(slot);
      ended_ += 1;
      record(students_[student].id, WIFEXITED(status) ? WEXITSTATUS(status) : job_fault);
    }
    return std::move(outcomes_);
  }

  /// Prints what the graded submissions took, compilers and students' processes included.
  void print_cost() const {
    rusage used{};
    if (graded_ == 0 || getrusage(RUSAGE_CHILDREN, &used) != 0) return;
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    const auto graded = static_cast<double>(graded_);
    std::cout << graded_ << " graded in " << fixed(elapsed(), 1)
              << " s: " << fixed((seconds(used.ru_utime) + seconds(used.ru_stime)) / graded, 2)
              << " s of one processor per submission, at most " << (used.ru_maxrss >> 10)
              << " MB in one process\n";
  }

 private:
  double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_time_).count();
  }

  void begin(std::size_t student) {
    const int slot = *slots_.begin();
    slots_.erase(slots_.begin());
    std::cout << std::flush;
    const int job = fork();
    GRADUS_CHECK(job >= 0, "fork failed");
    if (job == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent_) _exit(70);
      prctl(PR_SET_CHILD_SUBREAPER, 1);  // for print_cost: bubblewrap does not wait for its processes
      int code = job_fault;
      try {
        code = grade_student(project_, command_, journal_, students_[student], key_, by_, level_, slot);
      } catch (const std::exception& error) {
        std::cerr << "gradus-grade: " << visible(students_[student].id) << ": " << visible(error.what())
                  << "\n";
      }
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      std::cout << std::flush;
      _exit(code);
    }
    running_[job] = {student, slot};
  }

  void record(const std::string& id, int code) {
    if (code == job_fault) outcomes_.faults.insert(id);
    if (code == job_refused) outcomes_.refused.push_back(id);
    graded_ += code == job_done;
    std::cout << ended_ << "/" << students_.size() << "  " << visible(id)
              << (code == job_fault     ? "  REVIEW (fault of the grader)"
                  : code == job_refused ? "  refused"
                  : code == job_known   ? "  unchanged"
                                        : "");
    // The estimate uses graded students only, once there is one per job; others finish at once.
    if (graded_ >= static_cast<std::size_t>(command_.jobs)) {
      std::cout << "  about "
                << static_cast<int>(elapsed() / static_cast<double>(graded_) *
                                    static_cast<double>(students_.size() - ended_))
                << " s left";
    }
    std::cout << "\n";
  }

  const Project& project_;
  const ClassCommand& command_;
  const Journal& journal_;
  const std::vector<Entrant>& students_;
  const std::string& key_;
  const std::string by_;  // earlier results apply only to the same grader, key and sandbox
  const Level level_;
  const int parent_ = getpid();
  const std::chrono::steady_clock::time_point start_time_ = std::chrono::steady_clock::now();
  std::map<int, std::pair<std::size_t, int>> running_{};  // process -> student, slot
  std::set<int> slots_{};
  std::size_t begun_ = 0, ended_ = 0, graded_ = 0;
  Outcomes outcomes_{};
};

}  // namespace

ClassCommand with_folders(ClassCommand command) {
  command.submissions = fs::absolute(command.submissions).lexically_normal();
  if (command.submissions.filename().empty()) command.submissions = command.submissions.parent_path();
  command.out =
      command.out.empty() ? fs::path(command.submissions.string() + "-grades") : fs::absolute(command.out);
  return command;
}

void lock_folder(const fs::path& folder) {
  static std::set<fs::path> reserved;
  if (reserved.contains(folder)) return;
  fs::create_directories(folder);
  const int lock = open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  bool mine = false;  // children of a killed run may take a moment to exit
  for (int trial = 0; lock >= 0 && trial < 50 && !(mine = flock(lock, LOCK_EX | LOCK_NB) == 0); ++trial)
    usleep(100'000);
  GRADUS_CHECK(mine, folder.string(), ": another run is using this folder");
  reserved.insert(folder);
}

int class_command(const Project& project, const ClassCommand& given) {
  ClassCommand command = with_folders(given);
  const Part part = given.part ? Part::parse(*given.part) : Part{};
  const fs::path key_file = command.key_file.empty() ? command.out / "course.key" : command.key_file;
  if (given.part) command.part = part.name(), command.out = command.out / "parts" / part.folder();
  Submissions submissions = submissions_in(command.submissions);
  std::vector<Entrant>& students = submissions.students;
  const std::size_t all = students.size();
  if (!command.regrade.empty()) {
    GRADUS_CHECK(std::any_of(students.begin(), students.end(),
                             [&](const Entrant& s) { return s.id == command.regrade; }),
                 "--regrade: no submission of '", command.regrade,
                 "'; the gradebook's first column lists the names");
    GRADUS_CHECK(part.grades(command.regrade), "--regrade: '", command.regrade, "' is in part ",
                 Part::of_student(command.regrade, part.of).name());
  }
  std::erase_if(students, [&](const Entrant& student) { return !part.grades(student.id); });
  lock_folder(command.out);
  share_copies(best_level());
  const Level level = best_level();
  const std::string weakness = weakness_of(level, command.required);
  if (!weakness.empty() && !command.accept_level) {
    std::cerr << "gradus-grade: " << weakness << ". --accept-level grades anyway\n";
    return 75;
  }
  const std::string key = course_key(key_file, command.key_file.empty());
  const Journal journal(command.out / "journal.jsonl");
  journal.append({});  // a part without students has a journal too
  if (!command.part)
    std::cout << all << " submissions";
  else
    std::cout << "part " << *command.part << ": " << students.size() << " of " << all << " submissions";
  std::cout << ", " << command.jobs << " at a time, sandbox " << name_of(level) << "\n";

  ClassRun run(project, command, journal, students, key, level);
  const Outcomes outcomes = run.run();
  run.print_cost();
  int code = outcomes.faults.empty() ? 0 : 70;
  if (!command.part) {
    code = publish(project, command, submissions, Journal(journal.path), outcomes);
  } else {
    std::cout << journal.path.string() << "\n";
    if (code == 0) fs::remove_all(command.out / "cache");  // the parts together would keep much
  }
  for (const std::string& id : outcomes.faults)
    std::cout << "REVIEW: " << visible(id) << " (a fault of the grader; run again)\n";
  return code;
}

int gradescope_command(const Project& project, const GradeCommand& command, const fs::path& key_file,
                       const fs::path& file) {
  std::vector<ExerciseResult> results;
  std::vector<std::string> notes;
  const auto write = [&](bool complete) { write_text(file, gradescope_json(results, complete, notes)); };
  try {
    write(false);
    Submitted submitted;
    try {
      submitted = read_submission(command.submission, project.exercises);
    } catch (const Error& error) {  // the student's fault: the score is 0, with the reason
      notes.push_back(std::string("the submission was refused: ") + error.what());
      write(true);
      return 0;
    }
    notes = submitted.notes;
    const std::string key = key_file.empty() ? "" : course_key(key_file, false);
    const Level level = best_level();
    if (static_cast<int>(level) < static_cast<int>(Level::l2) || !escapes(level).empty())
      throw GraderFault("the sandbox is too weak here: " + why_not_higher());
    Budget budget;
    for (const Exercise& exercise : project.exercises) {
      if (!command.exercise.empty() && !exercise.is_named(command.exercise)) continue;
      GradeOptions options{
          .seed = key.empty() ? seed_of("") : keyed_digest(key, submitted.digest + exercise.folder),
          .build = {.level = level},
          .budget = &budget};
      results.push_back(grade(
          exercise,
          [&](const GradedFile& graded) -> std::optional<std::string> {
            const auto found = submitted.files.find(graded.name);
            return found == submitted.files.end() ? std::nullopt : std::optional(found->second);
          },
          project.tools, project.cache(), options));
      write(false);
    }
    write(true);
  } catch (const std::exception& error) {
    notes.push_back(std::string("grading is incomplete: ") + error.what());
    try {
      write(false);
    } catch (const std::exception& worse) {
      std::cerr << "gradus-grade: " << worse.what() << "\n";
    }
  }
  return 0;
}

std::vector<std::string> escapes(Level level) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  const Outcome outcome =
      Scratch(level, 0).run({self.string(), "escape", (fs::path(GRADUS_SOURCE_DIR) / "README.md").string()},
                            {.readable = {self}}, 10);
  std::vector<std::string> found;
  const fs::path escaped = fs::path(GRADUS_SOURCE_DIR) / "README.md.escaped";
  if (fs::remove(escaped)) found.push_back("writes to the project's folder");
  std::istringstream in(outcome.text);
  bool finished = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "escape: done")
      finished = true;
    else
      found.push_back(line);
  }
  if (!finished) found.push_back("the test did not run: " + outcome.text.substr(0, 200));
  return found;
}

int escape_command(const std::string& project_file) {
  lock_down();  // as in the worker: refused calls fail without ending the process
  const auto tried = [](bool worked, const char* what) {
    if (worked) std::cout << what << "\n";
  };
  const auto opens = [](const char* path, int how) {
    const int file = open(path, how, 0600);
    if (file >= 0) close(file);
    if (file >= 0 && (how & O_CREAT)) unlink(path);
    return file >= 0;
  };
  tried(opens(project_file.c_str(), O_RDONLY), "reads the project's files");
  tried(opens("/etc/passwd", O_RDONLY), "reads /etc/passwd");
  tried(opens(("/proc/" + std::to_string(getppid()) + "/environ").c_str(), O_RDONLY),
        "reads the grader's environment");
  std::ofstream(project_file + ".escaped")
      << "out";  // checked from outside: inside, the folder may be private
  tried(opens("/usr/lib/gradus-escaped", O_WRONLY | O_CREAT), "writes to a system folder");
  const int socket_file = socket(AF_INET, SOCK_STREAM, 0);
  tried(socket_file >= 0, "opens a network connection");
  const int unix_file = socket(AF_UNIX, SOCK_STREAM, 0);
  tried(unix_file >= 0, "opens a local connection");
  tried(getppid() > 1 && ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr) == 0,
        "traces the grader");  // does not stop the grader
  const int child = fork();
  if (child == 0) _exit(0);
  tried(child > 0, "starts a process");
  tried(access("/bin/sh", X_OK) == 0 && opens("/bin/sh", O_RDONLY), "reaches a shell");
  std::cout << "escape: done\n";
  return 0;
}

}  // namespace gradus::grade
