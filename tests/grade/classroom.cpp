#include "classroom.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
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
#include <random>
#include <set>
#include <sstream>

#include "archive.hpp"
#include "gradebook.hpp"
#include "lockdown.hpp"
#include "outputs.hpp"
#include "report.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

/// The students' names and places, sorted by name. "ada.zip" and "ada/" are both ada: that is refused.
std::vector<Entrant> students_in(const fs::path& folder) {
  GRADUS_CHECK(fs::is_directory(folder), folder.string(), " is not a folder of submissions");
  std::map<std::string, fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string id = entry.path().filename().string();
    id = Json::parse(Json(id).dump(-1, ' ', false, Json::error_handler_t::replace))
             .get<std::string>();  // as the journal keeps it
    if (id.starts_with(".")) continue;
    if (!entry.is_directory())
      for (const char* ending : {".zip", ".tar.gz", ".tgz", ".tar", ".cpp"})
        if (id.ends_with(ending)) {
          id.resize(id.size() - std::string(ending).size());
          break;
        }
    const auto [place, fresh] = found.emplace(id, entry.path());
    GRADUS_CHECK(fresh, folder.string(), ": both ", place->second.filename().string(), " and ",
                 entry.path().filename().string(), " are '", id, "'");
  }
  GRADUS_CHECK(!found.empty(), folder.string(), " holds no submission");
  std::vector<Entrant> students;
  for (const auto& [id, path] : found) students.push_back({id, path});
  return students;
}

std::string course_key(const fs::path& file, bool make) {
  GRADUS_CHECK(make || fs::exists(file), file.string(), ": no such key");
  if (!fs::exists(file)) {
    std::random_device device;
    std::string key;
    for (int i = 0; i < 8; ++i) key += hexadecimal(device());
    write_text(file, key + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  }
  std::string key = read_text(file);
  while (!key.empty() && (key.back() == '\n' || key.back() == ' ')) key.pop_back();
  GRADUS_CHECK(key.size() >= 16, file.string(), ": a course key has at least 16 characters");
  return key;
}

/// One student's exercise in the journal. All of it repeats bit for bit when it is graded again: no times.
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

/// Grades what is missing of one student, in a process of its own: 0 done, 4 refused, 70 ours.
int grade_student(const Place& place, const ClassCommand& command, const Journal& journal,
                  const Entrant& student, const std::string& key, Level level, int slot) {
  const bool again = command.regrade == student.id;
  // Another grader, key or sandbox is another question: what was found before does not answer it.
  const std::string by =
      digest(read_text(fs::read_symlink("/proc/self/exe")) + key + name_of(level)).substr(0, 16);
  std::string refused;
  Submitted submitted;
  try {
    if (fs::is_symlink(student.path)) throw Error(student.path.string() + ": a link, perhaps to another's");
    submitted = read_submission(student.path, place.exercises);
  } catch (const Error& error) {
    refused = error.what();
    submitted.digest = digest("refused" + refused);
  }
  for (const Exercise& exercise : place.exercises) {
    if (!command.wants(exercise)) continue;
    const auto known = journal.last.find({student.id, exercise.folder});
    if (!again && known != journal.last.end() && known->second.at("digest") == submitted.digest &&
        known->second.value("by", "") == by)
      continue;
    ExerciseResult result;
    if (refused.empty()) {
      GradeOptions options{.seed = keyed_digest(key, submitted.digest + exercise.folder),
                           .build = {.level = level, .slot = slot}};
      result = grade(
          exercise,
          [&](const GradedFile& file) -> std::optional<std::string> {
            const auto found = submitted.files.find(file.name);
            return found == submitted.files.end() ? std::nullopt : std::optional(found->second);
          },
          place.tools, command.out / "cache" / std::to_string(slot), options);
    } else {
      result.exercise = &exercise;
      result.level = level;
    }
    Json record = record_of(student.id, submitted.digest, result);
    if (!refused.empty())
      record["refused"] = fs::path(student.path).filename().string() +
                          refused.substr(std::min(refused.size(), student.path.string().size()));
    record["notes"] = submitted.notes;
    record["by"] = by;
    journal.append(record);
  }
  return refused.empty() ? 0 : 4;
}

}  // namespace

int class_command(const Place& place, const ClassCommand& given) {
  ClassCommand command = given;
  command.submissions = fs::absolute(command.submissions).lexically_normal();
  if (command.submissions.filename().empty()) command.submissions = command.submissions.parent_path();
  command.out =
      command.out.empty() ? fs::path(command.submissions.string() + "-grades") : fs::absolute(command.out);
  fs::create_directories(command.out);
  const int lock = open((command.out / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  bool mine = false;  // children of a run that was killed may need a moment to die
  for (int trial = 0; lock >= 0 && trial < 50 && !(mine = flock(lock, LOCK_EX | LOCK_NB) == 0); ++trial)
    usleep(100'000);
  GRADUS_CHECK(mine, command.out.string(), ": another run is at work there");

  const Level level = best_level(), required = level_of(command.required);
  std::vector<std::string> holes = escapes(level);
  if ((static_cast<int>(level) < static_cast<int>(required) || !holes.empty()) && !command.accept_level) {
    std::cerr << "gradus-grade: the sandbox reaches " << name_of(level)
              << (holes.empty() ? "" : ", and a wall does not hold: " + holes[0]) << "; " << command.required
              << " is required (" << why_not_higher() << "). --accept-level grades all the same\n";
    return 75;
  }
  const std::vector<Entrant> students = students_in(command.submissions);
  if (!command.regrade.empty())
    GRADUS_CHECK(std::any_of(students.begin(), students.end(),
                             [&](const Entrant& s) { return s.id == command.regrade; }),
                 "--regrade: no submission of '", command.regrade, "'");
  const std::string key = course_key(command.key_file.empty() ? command.out / "course.key" : command.key_file,
                                     command.key_file.empty());
  const Journal journal(command.out / "journal.jsonl");
  std::cout << students.size() << " submissions, " << command.jobs << " at a time, sandbox " << name_of(level)
            << "\n";

  std::map<int, std::pair<std::size_t, int>> running;  // process -> student, slot
  std::set<int> slots;
  for (int slot = 0; slot < command.jobs; ++slot) slots.insert(slot);
  std::set<std::string> faults;
  std::vector<std::string> refused;
  std::size_t begun = 0, ended = 0;
  const auto start_time = std::chrono::steady_clock::now();
  const int parent = getpid();
  while (ended < students.size()) {
    while (begun < students.size() && !slots.empty()) {
      const int slot = *slots.begin();
      slots.erase(slots.begin());
      std::cout << std::flush;
      const int job = fork();
      GRADUS_CHECK(job >= 0, "fork failed");
      if (job == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(70);
        int code = 70;
        try {
          code = grade_student(place, command, journal, students[begun], key, level, slot);
        } catch (const std::exception& error) {
          std::cerr << "gradus-grade: " << visible(students[begun].id) << ": " << visible(error.what())
                    << "\n";
        }
        std::cout << std::flush;
        _exit(code);
      }
      running[job] = {begun++, slot};
    }
    int status = 0;
    const int job = waitpid(-1, &status, 0);
    const auto found = running.find(job);
    if (found == running.end()) continue;
    const auto [student, slot] = found->second;
    running.erase(found);
    slots.insert(slot);
    ++ended;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 70;
    if (code == 70) faults.insert(students[student].id);
    if (code == 4) refused.push_back(students[student].id);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_time).count();
    const auto left =
        static_cast<int>(seconds / static_cast<double>(ended) * static_cast<double>(students.size() - ended));
    std::cout << ended << "/" << students.size() << "  " << visible(students[student].id)
              << (code == 70  ? "  REVIEW (fault of the grader)"
                  : code == 4 ? "  refused"
                              : "")
              << "  " << left << " s left\n";
  }
  const bool whole = write_tables(place, command, students, Journal(journal.path), faults);
  std::cout << (command.out / "gradebook.csv").string() << "\n";
  for (const std::string& id : refused) std::cout << "refused: " << visible(id) << " (feedback says why)\n";
  for (const std::string& id : faults)
    std::cout << "REVIEW: " << visible(id) << " (a fault of the grader; run again)\n";
  return faults.empty() && whole ? 0 : 70;
}

int gradescope_command(const Place& place, const GradeCommand& command, const fs::path& key_file,
                       const fs::path& file) {
  std::vector<ExerciseResult> results;
  std::vector<std::string> notes;
  const auto write = [&](bool complete) { write_text(file, gradescope_json(results, complete, notes)); };
  try {
    write(false);
    Submitted submitted;
    try {
      submitted = read_submission(command.submission, place.exercises);
    } catch (const Error& error) {  // the student's fault: that is a number, and its reason
      notes.push_back(std::string("the submission was refused: ") + error.what());
      write(true);
      return 0;
    }
    notes = submitted.notes;
    const std::string key = key_file.empty() ? "" : course_key(key_file, false);
    const Level level = best_level();
    if (static_cast<int>(level) < static_cast<int>(Level::l2) || !escapes(level).empty())
      throw GraderFault("the sandbox is too weak here: " + why_not_higher());
    for (const Exercise& exercise : place.exercises) {
      if (!command.exercise.empty() && !exercise.is_named(command.exercise)) continue;
      GradeOptions options{
          .seed = key.empty() ? seed_of("") : keyed_digest(key, submitted.digest + exercise.folder),
          .build = {.level = level}};
      results.push_back(grade(
          exercise,
          [&](const GradedFile& graded) -> std::optional<std::string> {
            const auto found = submitted.files.find(graded.name);
            return found == submitted.files.end() ? std::nullopt : std::optional(found->second);
          },
          place.tools, place.cache(), options));
      write(false);
    }
    write(true);
  } catch (const std::exception& error) {
    notes.push_back(std::string("not graded to the end: ") + error.what());
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
  const Outcome outcome = run({self.string(), "escape", (fs::path(GRADUS_SOURCE_DIR) / "README.md").string()},
                              {.level = level, .readable = {self}}, 10);
  std::vector<std::string> found;
  const fs::path escaped = fs::path(GRADUS_SOURCE_DIR) / "README.md.escaped";
  if (fs::remove(escaped)) found.push_back("writes beside the project's files");
  std::istringstream in(outcome.text);
  bool finished = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "escape: done")
      finished = true;
    else
      found.push_back(line);
  }
  if (!finished) found.push_back("the trial did not run: " + outcome.text.substr(0, 200));
  return found;
}

int escape_command(const std::string& project_file) {
  lock_down();  // as the worker does: what the sandbox refuses fails, and does not end the process
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
      << "out";  // looked for from outside: inside, a folder may be its own
  tried(opens("/usr/lib/gradus-escaped", O_WRONLY | O_CREAT), "writes into the system");
  const int socket_file = socket(AF_INET, SOCK_STREAM, 0);
  tried(socket_file >= 0, "opens a network connection");
  const int unix_file = socket(AF_UNIX, SOCK_STREAM, 0);
  tried(unix_file >= 0, "opens a local connection");
  tried(getppid() > 1 && ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr) == 0,
        "traces the grader");  // does not stop it
  const int child = fork();
  if (child == 0) _exit(0);
  tried(child > 0, "starts a process");
  tried(access("/bin/sh", X_OK) == 0 && opens("/bin/sh", O_RDONLY), "reaches a shell");
  std::cout << "escape: done\n";
  return 0;
}

}  // namespace gradus::grade
