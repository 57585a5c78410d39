// Checks that every attack in tests/grade/attacks gets its verdict in time and leaves nothing behind.
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <sstream>
#include <thread>

#include "outputs.hpp"
#include "prove.hpp"
#include "report.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

struct Attack {
  std::string name, states, words, prelude, body, place;
  bool whole = false;
};

std::vector<Attack> read_attacks(const fs::path& file) {
  std::vector<Attack> attacks;
  std::istringstream in(read_text(file));
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    const std::string rest = line.size() > 2 ? line.substr(2) : "";
    if (line[0] == '@') {
      Attack attack;
      std::istringstream words(rest);
      GRADUS_CHECK(words >> attack.name >> attack.states, file.string(), ":", number,
                   ": expected '@ name states words'");
      std::getline(words >> std::ws, attack.words);
      attack.place = text(file.filename().string(), ":", number);
      attacks.push_back(attack);
      continue;
    }
    GRADUS_CHECK(!attacks.empty() && std::string("%<>").find(line[0]) != std::string::npos, file.string(),
                 ":", number, ": expected @, %, < or >");
    if (line[0] == '%') attacks.back().whole = true;
    if (line[0] == '<') attacks.back().prelude += rest + "\n";
    if (line[0] == '>') attacks.back().body += rest + "\n";
  }
  return attacks;
}

/// The library's file with the region of a TODO replaced by an attack.
std::string with_body(const std::string& source, const std::string& todo, const Attack& attack) {
  const auto begin = source.find("// [" + todo + "]"), end = source.find("// [end]", begin);
  GRADUS_CHECK(begin != std::string::npos && end != std::string::npos, "no region of TODO ", todo);
  return "#include \"gradus/base/todo.hpp\"\n" + attack.prelude + source.substr(0, begin) + attack.body +
         source.substr(end);
}

bool sound_text(const std::string& text) {
  using Json = nlohmann::json;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace) ==
         Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore);
}

/// Whether a process that runs a program from `cache` still exists a second later.
bool left_behind(const fs::path& cache) {
  for (int look = 0; look < 20; ++look) {
    bool found = false;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::error_code error;
      found = found || fs::read_symlink(entry.path() / "exe", error).string().starts_with(cache.string());
    }
    if (!found) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

/// The attacked file: the one with TODO 4.5.
const GradedFile& target_of(const Exercise& exercise) {
  for (const GradedFile& file : exercise.files)
    for (const Todo& todo : file.todos)
      if (todo.id == "4.5") return file;
  throw Error("the attacks are on TODO 4.5, which does not exist");
}

/// The sandbox levels that this machine offers; with `quick` only one.
std::vector<Level> levels_of(const ProveOptions& options) {
  std::vector<Level> levels;
  for (const Level level : {Level::l1, Level::l2, Level::l3})
    if (static_cast<int>(level) <= static_cast<int>(best_level()) &&
        (!options.quick || level == options.level))
      levels.push_back(level);
  GRADUS_CHECK(!levels.empty(), "the sandbox does not reach ", name_of(options.level),
               " here: ", why_not_higher());
  return levels;
}

/// Level 1 only has process limits and a time limit, so attacks that need isolation are skipped.
bool applies(const Attack& attack, Level level) {
  return level != Level::l1 ||
         !std::regex_search(attack.name, std::regex("^(13|14|15|16|17|19|27_incbin|27_inc)"));
}

using Verdict = std::function<void(bool right, const std::string& what)>;

/// Checks that the attacked TODO has the expected state, sentence and points,
/// and that the other keeps its own.
void check_states(const ExerciseResult& result, const Attack& attack, const std::string& at,
                  const Verdict& check) {
  for (const TodoResult& todo : result.todos) {
    const CheckResult* failure = todo.first_failure();
    const std::string said = failure ? failure->sentence : "";
    if (todo.todo.id == "4.6")
      check(attack.whole || todo.state == State::pass,
            at + "4.6 lost its points, " + name_of(todo.state) + ": " + said);
    if (todo.todo.id != "4.5") continue;
    check(("|" + attack.states + "|").find(std::string("|") + name_of(todo.state) + "|") != std::string::npos,
          at + name_of(todo.state) + " instead of " + attack.states + ": " + said);
    check(attack.words == "-" || attack.words.empty() || said.find(attack.words) != std::string::npos,
          at + "says '" + said + "', expected '" + attack.words + "'");
    if (attack.name != "22_replaces_malloc") check(todo.points == 0, at + text(todo.points, " points"));
  }
}

/// Checks that nothing that the attack printed is active in a report, and that the reports are valid files.
void check_reports(const ExerciseResult& result, const std::string& at, const Verdict& check) {
  std::ostringstream printed;
  for (const TodoResult& todo : result.todos) print_todo(printed, todo, false);
  const std::string shown = markdown({result}, "x", {}) + github_annotations({result}) + printed.str(),
                    xml = junit_xml({result});
  check(
      (shown + xml).find('\033') == std::string::npos && shown.find("\n::error::owned") == std::string::npos,
      at + "its output is active in a report");
  check(xml.find("\xef\xbf\xbe") == std::string::npos && xml.find("\xef\xbf\xbf") == std::string::npos &&
            nlohmann::json::accept(gradescope_json({result}, true, {})) && sound_text(xml),
        at + "a report is not a valid file");
}

}  // namespace

Count prove_attacks(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                    const ProveOptions& options) {
  Count count;
  const Verdict check = [&](bool right, const std::string& what) {
    (right ? count.passed : count.failed) += 1;
    if (!right) out << "  FAILED: " << what << "\n";
  };
  if (!options.only.empty() && options.only != "04" && options.only != "4") return count;
  const Exercise& exercise = exercise_named(exercises, "04");
  const GradedFile& target = target_of(exercise);
  for (const Level level : levels_of(options))
    for (const Attack& attack : read_attacks(options.root / "tests/grade/attacks/attacks.txt")) {
      if (!applies(attack, level)) continue;
      const std::string source = with_body(read_text(options.root / target.source), "4.5", attack);
      const auto start = std::chrono::steady_clock::now();
      const ExerciseResult result =
          grade(exercise,
                [&](const GradedFile& file) -> std::optional<std::string> {
                  return &file == &target ? std::optional(source) : std::nullopt;
                },
                tools, options.cache / "attacks",
                {.seed = 23, .build = {.level = level, .slot = options.slot, .also_float = false}});
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const std::string at = attack.place + ": " + attack.name + " at " + name_of(level) + ": ";
      check_states(result, attack, at, check);
      check(seconds < 60, at + text("took ", seconds, " s"));
      check(!left_behind(options.cache / "attacks"), at + "left a process behind");
      check_reports(result, at, check);
    }
  return count;
}

}  // namespace gradus::grade
