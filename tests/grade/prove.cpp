#include "prove.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>
#include <set>
#include <sstream>

#include "scratch.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
std::vector<Edit> read_edits(const fs::path& file) {
  std::vector<Edit> edits;
  std::istringstream in(read_text(file));
  int number = 0;
  char last = ' ';
  for (std::string line; std::getline(in, line);) {
    ++number;
    const auto fault = [&](const char* words) {
      return Error(text(file.string(), ":", number, ": ", words));
    };
    if (line.empty() || line[0] == '#') continue;
    const std::string rest = line.size() > 2 ? line.substr(2) : "";
    if (line[0] == '@') {
      std::istringstream words(rest);
      Edit edit;
      if (!(words >> edit.id >> edit.todo)) throw fault("expected '@ id todo'");
      std::getline(words >> std::ws, edit.words);
      edit.place = text(file.filename().string(), ":", number);
      edits.push_back(edit);
    } else if (edits.empty() || (line[0] != '-' && line[0] != '+')) {
      throw fault("expected '@', '-' or '+'");
    } else if (line[0] == '-') {
      if (last != '-') edits.back().swaps.emplace_back();
      edits.back().swaps.back().first += rest + "\n";
    } else {
      if (edits.back().swaps.empty()) throw fault("a '+' before any '-'");
      edits.back().swaps.back().second += rest + "\n";
    }
    last = line[0];
  }
  return edits;
}

namespace {

std::string unindented(const std::string& source) {
  std::istringstream in(source);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find_first_not_of(' ');
    out += (first == std::string::npos ? "" : line.substr(first)) + "\n";
  }
  return out;
}

}  // namespace

std::optional<std::string> with_mistake(const std::string& source, const Edit& edit) {
  std::string out = unindented(source);
  for (const auto& [before, after] : edit.swaps) {
    const std::string old = unindented(before);
    const auto at = out.find(old);
    if (at == std::string::npos || out.find(old, at + 1) != std::string::npos) return std::nullopt;
    out.replace(at, old.size(), after);
  }
  return out;
}

namespace {

bool wanted(const Exercise& exercise, const ProveOptions& options) {
  return options.only.empty() || exercise.is_named(options.only);
}

Submission library_files(const ProveOptions& options) {
  return [root = options.root](const GradedFile& file) -> std::optional<std::string> {
    return read_text(root / file.source);
  };
}

/// Prints one line per failure; counts both outcomes.
struct Tally {
  std::ostream& out;
  Count count{};
  void check(bool right, const std::string& what) {
    (right ? count.passed : count.failed) += 1;
    if (!right) out << "  FAILED: " << what << "\n";
  }
};

/// Whether the check that the report begins with matches the entry in the list of mistakes.
bool named(const CheckResult* failure, const Edit& edit) {
  if (!failure) return false;
  if (edit.words.empty()) return failure->state == State::wrong && failure->mistake == edit.id;
  std::string said = failure->sentence;
  for (const std::string& line : failure->evidence) said += "\n" + line;
  return said.find(edit.words) != std::string::npos;
}

BuildOptions strict(const ProveOptions& options, const std::string& compiler) {
  return {.level = options.level,
          .compiler = compiler,
          .extra_flags = "-Wall -Wextra -Werror",
          .slot = options.slot};
}

}  // namespace

Count prove_stubs(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options) {
  Tally tally{out};
  for (const Exercise& exercise : exercises) {
    if (!wanted(exercise, options)) continue;
    int points = 0;
    for (const Check& check : checks_of(exercise.number)) {
      points += check.points;
      bool apart = false;
      draw_cases(check, 1, &apart);
      tally.check(apart, "TODO " + check.todo + ", " + check.title +
                             ": some mistakes (or the right answer) are indistinguishable");
    }
    tally.check(points == 100, text("exercise ", exercise.key(), " has ", points, " points, not 100"));
    for (const GradedFile& file : exercise.files) {
      const std::string stub = stub_of(file, read_text(options.root / file.source));
      const fs::path committed = options.root / file.path;
      tally.check(fs::exists(committed) && read_text(committed) == stub,
                  file.path + " is not what `gradus-grade stubs` makes from " + file.source);
      const std::vector<std::string> compilers =
          options.quick ? std::vector<std::string>{""} : std::vector<std::string>{"g++", "clang++"};
      for (const std::string& compiler : compilers) {
        const Built built = build(tools, file, stub, options.cache, strict(options, compiler));
        tally.check(built.state == State::pass,
                    file.path + " (" + compiler + "): " + built.sentence + "\n" + built.compiler);
      }
    }
    const ExerciseResult result =
        grade(exercise,
              [&](const GradedFile& file) {
                return std::optional(stub_of(file, read_text(options.root / file.source)));
              },
              tools, options.cache, {.build = strict(options, "")});
    for (const TodoResult& todo : result.todos)
      tally.check(todo.state == State::not_started && todo.points == 0 && todo.line > 0,
                  "the stub of TODO " + todo.todo.id + " is " + name_of(todo.state) +
                      ", not 'not_started' with its line" +
                      (todo.first_failure() ? ": " + todo.first_failure()->sentence : ""));
  }
  return tally.count;
}

Count prove_reference(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                      const ProveOptions& options) {
  Tally tally{out};
  struct Variant {
    const char *compiler, *flags;
  };
  std::vector<Variant> variants = {{"", ""}};
  if (!options.quick)
    variants = {{"g++", ""},
                {"g++", "-O0"},
                {"g++", "-O3"},
                {"clang++", ""},
                {"g++", "-fsanitize=undefined -fno-sanitize-recover=all"}};
  for (const Exercise& exercise : exercises) {
    if (!wanted(exercise, options)) continue;
    for (const Variant& variant : variants)
      for (int seed = 1;
           seed <= (&variant == &variants.front() ? options.seeds : std::min(options.seeds, 10)); ++seed) {
        const ExerciseResult result = grade(
            exercise, library_files(options), tools, options.cache,
            {.seed = static_cast<std::uint64_t>(seed) * 7919,
             .build = {.level = options.level, .compiler = variant.compiler, .extra_flags = variant.flags}});
        std::string why;
        for (const TodoResult& todo : result.todos)
          if (const CheckResult* failure = todo.first_failure())
            why += " " + todo.todo.id + ": " + failure->sentence + ";";
        tally.check(result.points() == 100,
                    text("the reference of ", exercise.key(), ", seed ", seed, ", ", variant.compiler, " ",
                         variant.flags, ": ", result.points(), why));
      }
  }
  return tally.count;
}

namespace {

/// A file with a mistake, or with several mistakes of different TODOs, which get separate verdicts.
struct Changed {
  const GradedFile* file;
  std::string source;
  std::vector<Edit> edits;

  /// Adds the mistake; false when it is in another file, its TODO has one already, or its lines have changed.
  bool add(const GradedFile& in, const Edit& edit) {
    if (&in != file) return false;
    for (const Edit& other : edits)
      if (other.todo == edit.todo) return false;
    const auto both = with_mistake(source, edit);
    if (!both) return false;
    source = *both;
    edits.push_back(edit);
    return true;
  }
};

/// Checks that the mistakes, or other right answers, get their verdicts in the list, and no other TODO loses
/// points. With `all_files`, also checks the exercise's other files.
void prove_changed(Tally& tally, const Exercise& exercise, const Changed& changed, bool all_files,
                   const Toolchain& tools, const ProveOptions& options) {
  const ExerciseResult result =
      grade(exercise,
            [&](const GradedFile& file) -> std::optional<std::string> {
              if (&file == changed.file) return changed.source;
              return all_files ? std::optional(read_text(options.root / file.source)) : std::nullopt;
            },
            tools, options.cache,
            {.seed = 17, .build = {.level = options.level, .slot = options.slot, .also_float = false}});
  for (const TodoResult& todo : result.todos) {
    const CheckResult* failure = todo.first_failure();
    const std::string said = failure ? ": " + failure->sentence : "";
    const auto edit = std::find_if(changed.edits.begin(), changed.edits.end(),
                                   [&](const Edit& one) { return one.todo == todo.todo.id; });
    if (edit == changed.edits.end()) {
      if (all_files || todo.path == changed.file->path)
        tally.check(todo.state == State::pass, changed.edits.front().place + ": " + changed.edits.front().id +
                                                   " takes points from TODO " + todo.todo.id + said);
      continue;
    }
    const std::string at = edit->place + ": " + edit->id;
    if (edit->is_right()) {
      tally.check(!failure, at + " is right, but " + name_of(todo.state) + said);
    } else {
      tally.check(named(failure, *edit), at + " is " + name_of(todo.state) +
                                             (failure ? ", taken for '" + failure->mistake + "'" : "") +
                                             said);
    }
  }
}

/// The changed files of one exercise: one per mistake, or in a sample as few as hold all of its mistakes.
/// Checks that each mistake of the list can be applied.
std::vector<Changed> changed_files(Tally& tally, const Exercise& exercise, const std::vector<Edit>& edits,
                                   const ProveOptions& options) {
  std::vector<Changed> all;
  std::map<std::string, int> count_of;
  for (const Edit& edit : edits) {
    const bool skipped = !edit.is_right() && count_of[edit.todo]++ % 6 != 0 && options.sample;
    std::optional<Changed> one;
    for (const GradedFile& file : exercise.files)
      if (const auto source = with_mistake(read_text(options.root / file.source), edit))
        one = Changed{&file, *source, {edit}};
    tally.check(one.has_value(),
                edit.place + ": the old lines of " + edit.id + " do not occur exactly once in one file");
    if (!one || skipped) continue;
    bool added = false;
    for (std::size_t i = 0; options.sample && !added && i < all.size(); ++i)
      added = all[i].add(*one->file, edit);
    if (!added) all.push_back(*one);
  }
  return all;
}

}  // namespace

Count prove_mistakes(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                     const ProveOptions& options) {
  Tally tally{out};
  for (const Exercise& exercise : exercises) {
    if (!wanted(exercise, options)) continue;
    const fs::path list = options.root / "tests/grade/mistakes" / ("ex" + exercise.key() + ".txt");
    const std::vector<Edit> edits = read_edits(list);
    std::set<const GradedFile*> shown_apart;
    for (const Changed& changed : changed_files(tally, exercise, edits, options)) {
      // Files are built and run independently; in a sample, one mistake per file suffices to show that.
      const bool all_files = !options.sample || shown_apart.insert(changed.file).second;
      std::ostringstream said;
      Tally together{said};
      prove_changed(together, exercise, changed, all_files, tools, options);
      if (together.count.failed == 0 || changed.edits.size() == 1) {
        out << said.str();
        tally.count += together.count;
        continue;
      }
      for (const Edit& edit : changed.edits)  // one mistake disturbs the other TODOs: each alone
        prove_changed(
            tally, exercise,
            {changed.file, *with_mistake(read_text(options.root / changed.file->source), edit), {edit}},
            all_files, tools, options);
    }
    std::set<std::string> ids;
    std::map<std::string, int> count_of;
    for (const Edit& edit : edits) ids.insert(edit.id), count_of[edit.todo] += !edit.is_right();
    for (const Check& check : checks_of(exercise.number))
      for (const Mistake& mistake : check.mistakes)
        tally.check(ids.count(mistake.id) == 1, "the mistake " + mistake.id + " of TODO " + check.todo +
                                                    " is not in " + list.filename().string());
    for (const GradedFile& file : exercise.files)
      for (const Todo& todo : file.todos)
        tally.check(count_of[todo.id] >= 3,
                    text("TODO ", todo.id, " has ", count_of[todo.id], " mistakes in ",
                         list.filename().string(), ", at least 3 are needed"));
  }
  return tally.count;
}

namespace {

/// One part of the proof for one exercise, run in a separate process.
struct Task {
  std::string part;
  Count (*prove)(std::ostream&, const std::vector<Exercise>&, const Toolchain&, const ProveOptions&);
  bool once = false;   // not per exercise
  bool waits = false;  // mostly waits for timeouts, so it starts first, beside the others
  std::string exercise{};
  int process = -1;
  bool ended = false;
  fs::path log{};
};

std::vector<Task> tasks_of(const std::vector<Exercise>& exercises, const ProveOptions& options,
                           const std::string& part) {
  std::vector<Task> tasks;
  for (const Task& kind : {Task{"attacks", prove_attacks, true, true}, Task{"stubs", prove_stubs},
                           Task{"reference", prove_reference}, Task{"mistakes", prove_mistakes},
                           Task{"class", prove_class, true}}) {
    if (!part.empty() && part != kind.part) continue;
    for (const Exercise& exercise : exercises) {
      if ((kind.once && exercise.number != 4) || !wanted(exercise, options)) continue;
      tasks.push_back(kind);
      tasks.back().exercise = exercise.key();
      tasks.back().log = options.cache / ("prove_" + kind.part + "_" + exercise.key() + ".log");
    }
  }
  return tasks;
}

/// Runs in the task's own process; the log ends with the two counts.
void prove_task(const Task& task, const std::vector<Exercise>& exercises, const Toolchain& tools,
                const ProveOptions& options) {
  try {
    std::ofstream log(task.log);
    const Count count = task.prove(log, exercises, tools, options);
    log << count.passed << " " << count.failed << "\n";
  } catch (const std::exception& error) {
    std::ofstream(task.log, std::ios::app) << "  FAILED: " << error.what() << "\n0 1\n";
  }
}

/// Prints the log of a finished task.
Count show(std::ostream& out, const Task& task) {
  std::istringstream lines(fs::file_size(task.log) ? read_text(task.log) : "");
  std::string line, last;
  for (std::string next; std::getline(lines, next); last = next)
    if (!last.empty()) out << last << "\n";
  Count count{0, 1};
  std::istringstream(last) >> count.passed >> count.failed;
  out << task.part << " " << task.exercise << ": " << count.passed << " passed, " << count.failed
      << " failed\n"
      << std::flush;
  return count;
}

}  // namespace

int prove_command(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options, const std::string& part) {
  std::vector<Task> tasks = tasks_of(exercises, options, part);
  GRADUS_CHECK(!tasks.empty(), "prove: no part '", part, "' for '", options.only,
               "'; the parts are stubs, reference, mistakes, attacks, class");
  fs::create_directories(options.cache);
  share_copies(options.level);
  out.flush();
  std::size_t begun = 0;
  int running = 0;
  Count total;
  for (std::size_t shown = 0; shown < tasks.size();) {
    for (; begun < tasks.size() && running < options.jobs; ++begun) {
      Task& task = tasks[begun];
      task.process = fork();
      GRADUS_CHECK(task.process >= 0, "fork failed");
      if (task.process == 0) {
        ProveOptions own = options;
        own.only = task.exercise;
        own.slot = static_cast<int>(begun) % 64;
        prove_task(task, exercises, tools, own);
        _exit(0);
      }
      running += !task.waits;
    }
    const int process = waitpid(-1, nullptr, 0);
    GRADUS_CHECK(process > 0, "prove: waitpid failed");
    for (Task& task : tasks)
      if (task.process == process && !task.ended) task.ended = true, running -= !task.waits;
    for (; shown < tasks.size() && tasks[shown].ended; ++shown)  // in order of the tasks
      total += show(out, tasks[shown]);
  }
  out << total.passed << " passed, " << total.failed << " failed\n";
  return total.failed > 0;
}

}  // namespace gradus::grade
