#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "archive.hpp"
#include "entrants.hpp"
#include "prove.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;

void generate_class(const fs::path& folder, const std::vector<const Exercise*>& exercises,
                    const fs::path& root, std::size_t count, bool alike) {
  Rng rng(60);
  const std::size_t digits = std::max<std::size_t>(2, std::to_string(count - 1).size());
  for (std::size_t student = 0; student < count; ++student) {
    std::string number = std::to_string(student);
    number.insert(0, digits - number.size(), '0');
    const std::string id = "student_" + number, own = alike ? "" : "// " + id + "\n";
    std::vector<Packed> files;
    for (const Exercise* exercise : exercises) {
      const std::vector<Edit> edits =
          read_edits(root / "tests/grade/mistakes" / ("ex" + exercise->key() + ".txt"));
      const Edit& edit = edits[rng.below(edits.size())];
      const std::uint64_t kind = rng.below(8);
      for (const GradedFile& file : exercise->files) {
        const std::string source = read_text(root / file.source);
        std::string mine = kind == 0 ? stub_of(file, source) : source;
        if (kind == 1 && &file == &exercise->files.front()) mine += "\nint broken = ;\n";
        if (kind >= 3) mine = with_mistake(source, edit).value_or(source);
        if (kind == 2 && &file == &exercise->files.back()) continue;  // missing file
        files.push_back({file.name, mine + own});
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

namespace {

/// What both proofs share: their folder, and counted checks.
struct ClassProof {
  std::ostream& out;
  const ProveOptions& options;
  const fs::path home = options.cache / "proof_of_the_class";
  Rng rng{static_cast<std::uint64_t>(getpid())};
  Count count{};

  void check(bool right, const std::string& what) {
    (right ? count.passed : count.failed) += 1;
    if (!right) out << "  FAILED: " << what << "\n";
  }
  void check_same(const fs::path& a, const fs::path& b, const std::string& when) {
    for (const char* table : {"gradebook.csv", "mistakes.csv"})
      check(fs::exists(a / table) && fs::exists(b / table) && read_text(a / table) == read_text(b / table),
            text(table, " differs ", when));
  }

  /// Runs gradus-grade as a separate program, with its output added to home/name.log, and kills it after
  /// `seconds` if positive. Returns its exit code, or -1.
  int run(std::vector<std::string> words, const std::string& name, double seconds = 0) const {
    const std::string log = (home / (name + ".log")).string();
    words.insert(words.begin(),
                 {fs::read_symlink("/proc/self/exe").string(), "--root", options.root.string()});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int job = fork();
    if (job == 0) {
      if (!freopen(log.c_str(), "a", stdout) || !freopen(log.c_str(), "a", stderr)) _exit(127);
      execv(argv[0], argv.data());
      _exit(127);
    }
    int status = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (seconds > 0 && std::chrono::steady_clock::now() < end) {
      if (waitpid(job, &status, WNOHANG) == job) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (seconds > 0) kill(job, SIGKILL);
    waitpid(job, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::vector<std::string> class_words(const fs::path& submissions, const fs::path& results, bool only_04,
                                       const std::string& part = "") const {
    std::vector<std::string> words = {"class", submissions.string(),    "--out", results.string(),
                                      "--key", (home / "key").string(), "-j",    "2"};
    if (best_level() == Level::l1) words.push_back("--accept-level");
    if (only_04) words.insert(words.end(), {"--ex", "04"});
    if (!part.empty()) words.insert(words.end(), {"--part", part});
    return words;
  }
};

void prove_kills(ClassProof& proof, const std::vector<const Exercise*>& exercises) {
  const ProveOptions& options = proof.options;
  const fs::path submissions = proof.home / "class", calm = proof.home / "calm",
                 killed = proof.home / "killed";
  const int students = options.quick ? 8 : 60, kills = options.quick ? 3 : 20;
  generate_class(submissions, exercises, options.root, static_cast<std::size_t>(students), true);
  const auto start = std::chrono::steady_clock::now();
  const int code = proof.run(proof.class_words(submissions, calm, options.quick), "calm");
  const double calm_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  proof.check(code == 0, text("the undisturbed run ends with ", code, ": see ", calm.string(), ".log"));
  const std::vector<std::string> words = proof.class_words(submissions, killed, options.quick);
  int hit = 0;
  for (int trial = 0; trial < kills; ++trial)
    hit += proof.run(words, "killed", 0.05 + 2 * calm_seconds / kills * proof.rng.uniform()) == -1;
  proof.check(hit > 0, "no run was killed: each finished earlier");
  const int last = proof.run(words, "killed");
  proof.check(last == 0, text("the resumed run ends with ", last));
  proof.check_same(calm, killed, text("after ", hit, " kills"));
  if (!fs::exists(calm / "gradebook.csv")) return;
  const std::string book = read_text(calm / "gradebook.csv");
  proof.check(std::count(book.begin(), book.end(), '\n') == students + 1,
              "the gradebook does not have one row per student");
  proof.check(book.find("REVIEW") == std::string::npos, "the gradebook contains a fault of the grader");
  proof.check(book.find("refused") != std::string::npos, "the invalid archive is not refused");
}

/// One random division: every part is killed once and run again, one part is graded a second time in another
/// folder, and the journals are merged in a random order, first without those of one part.
/// Returns the number of kills.
int prove_split(ClassProof& proof, const std::string& name) {
  const fs::path submissions = proof.home / "few", place = proof.home / name;
  const std::uint64_t parts = 2 + proof.rng.below(5), twice = 1 + proof.rng.below(parts);
  std::vector<std::string> all = {"merge", submissions.string(), "--ex", "04", "--out"}, without = all;
  all.push_back((place / "merged").string()), without.push_back((place / "incomplete").string());
  int killed = 0;
  std::vector<std::pair<std::uint64_t, std::string>> journals;
  const auto grade = [&](const fs::path& results, const Part& part, double seconds) {
    const fs::path folder = results / "parts" / part.folder();
    fs::create_directories(folder);
    if (!fs::exists(folder / "cache")) fs::create_directory_symlink(proof.home / "cache", folder / "cache");
    const int code = proof.run(proof.class_words(submissions, results, true, part.name()), name, seconds);
    proof.check(code == 0 || (code == -1 && seconds > 0), text("part ", part.name(), " ends with ", code));
    killed += code == -1;
    if (seconds == 0) journals.emplace_back(part.number, folder.string());
  };
  for (const Index at : proof.rng.permutation(static_cast<Index>(parts))) {
    const Part part{static_cast<std::uint64_t>(at) + 1, parts};
    grade(place, part, 0.05 + 2 * proof.rng.uniform());
    grade(place, part, 0);
    if (part.number == twice) grade(place / "again", part, 0);
  }
  const std::uint64_t left_out = journals.back().first;
  for (const Index at : proof.rng.permutation(static_cast<Index>(journals.size()))) {
    const auto& [part, journal] = journals[static_cast<std::size_t>(at)];
    all.push_back(journal);
    if (part != left_out) without.push_back(journal);
  }
  proof.check(proof.run(all, name) == 0, name + ": the parts are not merged");
  proof.check_same(proof.home / "whole", place / "merged", text("for ", parts, " parts, in ", name));
  std::size_t missing = 0;
  const std::vector<Entrant> students = submissions_in(submissions).students;
  for (const Entrant& student : students) missing += Part{left_out, parts}.grades(student.id);
  proof.check(proof.run(without, name) == (missing ? 70 : 0), name + ": the missing part is not noticed");
  const std::string said =
      text("REVIEW: ", missing, " of ", students.size(), " students have no result: part ", left_out, " of ",
           parts, " is missing or unfinished");
  proof.check(!missing || read_text(proof.home / (name + ".log")).find(said) != std::string::npos,
              name + ": expected '" + said + "'");
  return killed;
}

void prove_parts(ClassProof& proof, const Exercise& exercise) {
  const int splits = std::clamp(proof.options.seeds / 2, 2, 20);
  generate_class(proof.home / "few", {&exercise}, proof.options.root, 5, true);
  fs::create_directories(proof.home / "cache");
  fs::create_directories(proof.home / "whole");
  fs::create_directory_symlink(proof.home / "cache", proof.home / "whole" / "cache");
  const int code = proof.run(proof.class_words(proof.home / "few", proof.home / "whole", true), "whole");
  proof.check(code == 0, text("the whole class ends with ", code));
  int killed = 0;
  for (int split = 0; split < splits; ++split) killed += prove_split(proof, text("split_", split));
  proof.check(killed >= splits, text("only ", killed, " parts were killed: the others finished earlier"));
}

}  // namespace

Count prove_class(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain&,
                  const ProveOptions& options) {
  if (!options.only.empty() && options.only != "04" && options.only != "4") return {};
  ClassProof proof{out, options};
  std::vector<const Exercise*> chosen;
  for (const Exercise& exercise : exercises)
    if (!options.quick || exercise.number == 4) chosen.push_back(&exercise);
  fs::remove_all(proof.home);
  write_text(proof.home / "key", "a key that is the same for all runs\n");
  prove_kills(proof, chosen);
  prove_parts(proof, exercise_named(exercises, "04"));
  return proof.count;
}

}  // namespace gradus::grade
