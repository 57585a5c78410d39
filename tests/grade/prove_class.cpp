#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "archive.hpp"
#include "prove.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

/// Creates `count` students: some finished, some untouched, most with one known mistake, some with a file
/// that does not compile; as folders and archives, with one missing file and one invalid archive.
void invent_class(const fs::path& folder, const std::vector<const Exercise*>& exercises,
                  const ProveOptions& options, int count) {
  Rng rng(60);
  for (int student = 0; student < count; ++student) {
    const std::string id = text("student_", student < 10 ? "0" : "", student);
    std::vector<Packed> files;
    for (const Exercise* exercise : exercises) {
      const std::vector<Edit> edits =
          read_edits(options.root / "tests/grade/mistakes" / ("ex" + exercise->key() + ".txt"));
      const Edit& edit = edits[rng.below(edits.size())];
      const std::uint64_t kind = rng.below(8);
      for (const GradedFile& file : exercise->files) {
        const std::string source = read_text(options.root / file.source);
        std::string mine = kind == 0 ? stub_of(file, source) : source;
        if (kind == 1 && &file == &exercise->files.front()) mine += "\nint broken = ;\n";
        if (kind >= 3) mine = with_mistake(source, edit).value_or(source);
        if (kind == 2 && &file == &exercise->files.back()) continue;  // missing file
        files.push_back({file.name, mine});
      }
    }
    if (student == 1) {
      write_text(folder / (id + ".zip"), "this is no archive");
    } else if (student % 3 == 0) {
      for (const Packed& file : files) write_text(folder / id / file.name, file.text);
    } else {
      write_zip(folder / (id + ".zip"), files);
    }
  }
}

/// Runs gradus-grade class as a separate program and kills it after `seconds` if
/// positive. Returns its exit code, or -1.
int run_class(const fs::path& folder, const fs::path& out, const ProveOptions& options, double seconds) {
  const std::string self = fs::read_symlink("/proc/self/exe").string(), log = (out.string() + ".log");
  std::vector<std::string> words = {self,
                                    "--root",
                                    options.root.string(),
                                    "class",
                                    folder.string(),
                                    "--out",
                                    out.string(),
                                    "--key",
                                    (folder.parent_path() / "key").string(),
                                    "-j",
                                    "2"};
  if (best_level() == Level::l1) words.push_back("--accept-level");
  if (options.quick) words.insert(words.end(), {"--ex", "04"});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int job = fork();
  if (job == 0) {
    if (!freopen(log.c_str(), "a", stdout) || !freopen(log.c_str(), "a", stderr)) _exit(127);
    execv(argv[0], argv.data());
    _exit(127);
  }
  if (seconds > 0) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    while (std::chrono::steady_clock::now() < end) {
      if (waitpid(job, &status, WNOHANG) == job) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(job, SIGKILL);
  }
  int status = 0;
  waitpid(job, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Count prove_class(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain&,
                  const ProveOptions& options) {
  Count count;
  const auto check = [&](bool right, const std::string& what) {
    (right ? count.passed : count.failed) += 1;
    if (!right) out << "  FAILED: " << what << "\n";
  };
  if (!options.only.empty() && options.only != "04" && options.only != "4") return count;
  const int students = options.quick ? 8 : 60, kills = options.quick ? 3 : 20;
  std::vector<const Exercise*> chosen;
  for (const Exercise& exercise : exercises)
    if (!options.quick || exercise.number == 4) chosen.push_back(&exercise);
  const fs::path home = options.cache / "proof_of_the_class";
  fs::remove_all(home);
  write_text(home / "key", "a key that is the same for both runs\n");
  invent_class(home / "class", chosen, options, students);

  const auto start = std::chrono::steady_clock::now();
  const int code = run_class(home / "class", home / "calm", options, 0);
  const double calm_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  check(code == 0, text("the undisturbed run ends with ", code, ": see ", (home / "calm.log").string()));
  Rng rng(static_cast<std::uint64_t>(getpid()));
  int killed = 0, last = -1;
  for (int trial = 0; trial < kills; ++trial) {
    last =
        run_class(home / "class", home / "killed", options, 0.05 + 2 * calm_seconds / kills * rng.uniform());
    killed += last == -1;
  }
  check(killed > 0, "no run was killed: each finished earlier");
  last = run_class(home / "class", home / "killed", options, 0);
  check(last == 0, text("the resumed run ends with ", last));
  for (const char* table : {"gradebook.csv", "mistakes.csv"}) {
    const fs::path a = home / "calm" / table, b = home / "killed" / table;
    check(fs::exists(a) && fs::exists(b) && read_text(a) == read_text(b),
          text(table, " differs after ", killed, " kills"));
  }
  if (fs::exists(home / "calm/gradebook.csv")) {
    const std::string book = read_text(home / "calm/gradebook.csv");
    check(std::count(book.begin(), book.end(), '\n') == students + 1,
          "the gradebook does not have one row per student");
    check(book.find("REVIEW") == std::string::npos, "the gradebook contains a fault of the grader");
    check(book.find("refused") != std::string::npos, "the invalid archive is not refused");
  }
  return count;
}

}  // namespace gradus::grade
