#include "commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <random>
#include <sstream>

#include "archive.hpp"
#include "gradus/base/terminal.hpp"
#include "outputs.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace fs = std::filesystem;
namespace {

Submission own_files(const Project& project) {
  return [root = project.root](const GradedFile& file) { return text_if_there(root / file.path); };
}

std::string at_line(const std::string& path, int line) {
  return line ? path + ":" + std::to_string(line) : path;
}

Level level_for(const GradeCommand& command) {
  return command.level.empty() ? best_level() : level_of(command.level);
}

/// What is graded: the text of every file, and remarks about them.
struct Handed {
  Submission submission;
  std::vector<std::string> notes{};
  int refused = 0;  ///< exit code when there is nothing to grade
};
Handed handed_in(const Project& project, const GradeCommand& command) {
  if (command.submission.empty()) return {own_files(project)};
  try {
    const Submitted submitted = read_submission(command.submission, project.exercises);
    const Handed handed{[files = submitted.files](const GradedFile& file) -> std::optional<std::string> {
                          const auto found = files.find(file.name);
                          return found == files.end() ? std::nullopt : std::optional(found->second);
                        },
                        submitted.notes, submitted.files.empty() ? 3 : 0};
    if (handed.refused) {
      std::cerr << "gradus-grade: " << command.submission << ": contains no graded file\n";
      for (const std::string& note : handed.notes) std::cerr << "  " << note << "\n";
    }
    return handed;
  } catch (const Error& error) {
    std::cerr << "gradus-grade: submission refused: " << error.what() << "\n";
    return {own_files(project), {}, 4};
  }
}

void print_exercise(const ExerciseResult& result) {
  const bool colour = is_colourful(1);
  print_heading(std::cout, result, colour);
  const TodoResult* before = nullptr;
  for (const TodoResult& todo : result.todos) {
    print_todo(std::cout, todo, colour,
               !before || before->path != todo.path || before->compiler != todo.compiler);
    before = &todo;
  }
}

/// Prints the commands that help with the first TODO that does not pass.
void print_next(const Next& next, const std::string& only_todo, std::uint64_t seed) {
  const std::string todo = only_todo.empty() ? next.todo->id : only_todo;
  std::cout << "next: make hint EX=" << next.exercise->key() << " TODO=" << todo << "\n";
  if (next.standing.state == "wrong")
    std::cout << "to repeat these inputs: make grade EX=" << next.exercise->key()
              << (only_todo.empty() ? "" : " TODO=" + todo) << " SEED=" << hexadecimal(seed) << "\n";
}

void write_outputs(const GradeCommand& command, const std::vector<ExerciseResult>& results, bool complete,
                   const std::vector<std::string>& notes) {
  if (!command.json.empty()) write_text(command.json, gradescope_json(results, complete, notes));
  if (!command.junit.empty()) write_text(command.junit, junit_xml(results));
}

}  // namespace

const Exercise* chosen(const Project& project, const std::string& exercise, const std::string& todo) {
  if (!exercise.empty()) return &exercise_named(project.exercises, exercise);
  if (todo.empty()) return nullptr;
  for (const Exercise& one : project.exercises)
    if (one.is_named(todo.substr(0, todo.find('.')))) return &one;
  throw Error("no TODO '" + todo + "'; TODO=4.5 is task 5 of exercise 4; `make exercises` lists all tasks");
}

const Exercise* first_open(const Project& project) {
  const auto next = next_of(project, Known(project), nullptr);
  return next ? next->exercise : nullptr;
}

std::uint64_t seed_of(const std::string& text) {
  if (text.empty()) {
    std::random_device device;
    return (std::uint64_t{device()} << 32 | device()) >> 16;
  }
  GRADUS_CHECK(text.size() <= 16 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos,
               "seed '", text, "': must be up to 16 hexadecimal digits, as printed in a report");
  return std::stoull(text, nullptr, 16);
}

std::string original_of(const Project& project, const GradedFile& file) {
  const fs::path kept =
      project.root / "exercises/.original" / file.name;  // a hand-out does not have the library's file
  return fs::exists(kept) ? read_text(kept) : stub_of(file, read_text(project.root / file.source));
}

int list_command(const Project& project) {
  const Known known(project);
  const bool colour = is_colourful(1);
  const auto paint = [&](const char* code) { return colour ? code : ""; };
  int total = 0, total_most = 0;
  for (const Exercise& exercise : project.exercises) {
    int points = 0, most = 0;
    std::ostringstream rows;
    for (const GradedFile& file : exercise.files)
      for (const Todo& todo : file.todos) {
        const Standing standing = standing_of(project, known, file, todo);
        const int worth = points_of(exercise, todo.id);
        points += standing.points, most += worth;
        const bool done = standing.state == "pass", waiting = standing.state == "not_started",
                   changed = standing.state == "changed";
        rows << "  "
             << paint(done                 ? "\033[32m"
                      : waiting || changed ? "\033[90m"
                                           : "\033[31m")
             << (done      ? "✓"
                 : waiting ? "○"
                 : changed ? "?"
                           : "✗")
             << paint("\033[0m") << " " << todo.id << " " << std::left << std::setw(42) << todo.title
             << std::right << std::setw(3) << standing.points << "/" << std::left << std::setw(3) << worth
             << " "
             << (done || waiting ? ""
                 : changed       ? "changed since it was graded  "
                                 : standing.state + "  ")
             << (done ? "" : at_line(file.path, standing.line)) << std::right << "\n";
      }
    for (const GradedFile& file : exercise.files)
      for (const std::string& name : file.formerly)
        if (const std::string old = "exercises/" + exercise.folder + "/" + name;
            fs::exists(project.root / old))
          rows << "  ! " << old << " is a file of an older edition and is not graded: copy your code into "
               << file.path << "\n";
    std::cout << paint("\033[1m") << exercise.key() << " " << std::left << std::setw(43) << exercise.title
              << std::right << std::setw(3) << points << "/" << most << paint("\033[0m") << "\n"
              << rows.str();
    total += points, total_most += most;
  }
  std::cout << total << " of " << total_most << " points\n";
  if (const auto next = next_of(project, known, nullptr))
    std::cout << "next: " << at_line(next->file->path, next->standing.line) << "  (TODO " << next->todo->id
              << ", lesson exercises/" << next->exercise->folder
              << "/README.md), then make watch EX=" << next->exercise->key() << "\n";
  else
    std::cout << "all done: make lecture4 MINE=1 trains every demo with your code\n";
  return 0;
}

int grade_command(const Project& project, const GradeCommand& command) {
  const Exercise* only = chosen(project, command.exercise, command.todo);
  if (!command.todo.empty()) (void)file_of(*only, command.todo);
  const Level level = level_for(command);
  if (!command.required.empty() && static_cast<int>(level) < static_cast<int>(level_of(command.required))) {
    std::cerr << "gradus-grade: the sandbox reaches " << name_of(level) << ", " << command.required
              << " is required: " << why_not_higher() << "\n";
    return 75;
  }
  const Handed handed = handed_in(project, command);
  if (handed.refused) return handed.refused;
  if (!project.tools.whole)
    std::cout << "this copy has no solutions compiled for " << project.tools.system
              << " that this compiler can use: a TODO that depends on another exercise is reported as not "
                 "started\n";
  const bool mine = command.submission.empty();
  const std::uint64_t seed = seed_of(command.seed);
  Known known(project);
  std::vector<ExerciseResult> results;
  write_outputs(command, results, false, handed.notes);
  int points = 0, most = 0;
  Budget budget;
  for (const Exercise& exercise : project.exercises) {
    if (only && only != &exercise) continue;
    GradeOptions options{.seed = seed,
                         .build = {.level = level},
                         .only_todo = command.todo,
                         .stop_at_failure = command.first,
                         .budget = &budget};
    options.done = [&](const TodoResult& todo) {
      const GradedFile& file = file_of(exercise, todo.todo.id);
      if (const auto text = handed.submission(file); text && mine) known.record(todo, *text);
    };
    results.push_back(grade(exercise, handed.submission, project.tools, project.cache(), options));
    const ExerciseResult& result = results.back();
    write_outputs(command, results, false, handed.notes);
    if (mine) known.save();
    print_exercise(result);
    points += result.points();
    for (const Check& check : checks_of(exercise.number))
      most += command.todo.empty() || check.todo == command.todo ? check.points : 0;
    if (only && points == most && command.todo.empty())
      std::cout << "done. See it work: make lecture4 EX=" << exercise.key() << "  (" << exercise.program
                << ": " << exercise.shows << ")\n";
  }
  for (const std::string& note : handed.notes) std::cout << note << "\n";
  write_outputs(command, results, true, handed.notes);
  if (command.github) std::cout << github_annotations(results);
  if (const auto next = mine ? next_of(project, known, only) : std::nullopt; next && points < most)
    print_next(*next, command.todo, seed);
  return points == most ? 0 : 1;
}

int hint_command(const Project& project, const std::string& exercise_name, const std::string& todo_name) {
  Known known(project);
  const Exercise* exercise = chosen(project, exercise_name, todo_name);
  std::string id = todo_name;
  if (id.empty()) {
    const auto next = next_of(project, known, exercise);
    if (!next) {
      std::cout << "nothing left to do" << (exercise ? " in this exercise" : "") << "\n";
      return 0;
    }
    exercise = next->exercise;
    id = next->todo->id;
  }
  (void)file_of(*exercise, id);
  const std::string path = "exercises/" + exercise->folder + "/hints.md";
  std::istringstream in(read_text(project.root / path));
  std::vector<std::string> hints;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) {
      inside = line == "## " + id || line.starts_with("## " + id + " ");
    } else if (inside && line.size() > 2 && line[0] >= '1' && line[0] <= '9' && line[1] == '.') {
      hints.push_back(line.substr(line.find_first_not_of(' ', 2)));
    } else if (inside && !hints.empty()) {
      hints.back() += "\n" + line;
    }
  }
  GRADUS_CHECK(!hints.empty(), path, ": no hints under '## ", id, "'");
  const int shown = std::min(known.hints_seen(id) + 1, static_cast<int>(hints.size()));
  std::cout << "TODO " << id << "\n";
  for (int i = 0; i < shown; ++i) {
    std::string hint = hints[static_cast<std::size_t>(i)];
    while (!hint.empty() && (hint.back() == '\n' || hint.back() == ' ')) hint.pop_back();
    std::cout << "\n  hint " << i + 1 << " of " << hints.size() << "\n  ";
    for (const char letter : hint) std::cout << letter << (letter == '\n' ? "  " : "");
    std::cout << "\n";
  }
  std::cout << (shown < static_cast<int>(hints.size()) ? "\nrun it again for the next hint\n"
                                                       : "\nthis was the last hint\n");
  known.set_hints_seen(id, shown);
  known.save();
  return 0;
}

int reset_command(const Project& project, const std::string& exercise_name, const std::string& todo,
                  bool yes) {
  const Exercise* exercise = chosen(project, exercise_name, todo);
  GRADUS_CHECK(exercise, "which exercise? make reset EX=04, or TODO=4.5 for the file that holds it");
  std::vector<const GradedFile*> files;
  for (const GradedFile& file : exercise->files)
    if (todo.empty() || &file == &file_of(*exercise, todo)) files.push_back(&file);
  std::cout << "reset to the unmodified file:";
  for (const GradedFile* file : files) std::cout << " " << file->path;
  std::cout << "\n";
  if (!yes) {
    std::cout << "your text is kept in .saved/. Continue? [y/N] " << std::flush;
    std::string answer;
    if (!std::getline(std::cin, answer) || (answer != "y" && answer != "Y" && answer != "yes")) {
      std::cout << "nothing changed\n";
      return 2;
    }
  }
  char stamp[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(stamp, sizeof stamp, "%Y-%m-%d_%H-%M-%S", std::localtime(&now));
  for (const GradedFile* file : files) {
    const fs::path path = project.root / file->path;
    if (const auto text = text_if_there(path)) {
      const fs::path folder = project.root / ".saved";  // not in build/, which make clean removes
      fs::path saved = folder / stamp / file->name;
      for (int number = 2; fs::exists(saved); ++number)
        saved = folder / (std::string(stamp) + "_" + std::to_string(number)) / file->name;
      write_text(saved, *text);
      std::cout << "kept: cp " << fs::relative(saved, project.root).string() << " " << file->path
                << "   restores it\n";
    }
    write_text(path, original_of(project, *file));
  }
  return 0;
}

int solution_command(const Project& project, const std::string& exercise_name) {
  const Exercise& exercise = exercise_named(project.exercises, exercise_name);
  const Known known(project);
  for (const GradedFile& file : exercise.files)
    for (const Todo& todo : file.todos)
      if (standing_of(project, known, file, todo).state != "pass") {
        std::cout << "TODO " << todo.id
                  << " is not finished (or changed since it was graded): the library's version is shown "
                     "after full marks\n";
        return 2;
      }
  for (const GradedFile& file : exercise.files) {
    const fs::path source = project.root / file.source;
    GRADUS_CHECK(fs::exists(source), "this copy has no solutions: ask your instructor");
    const Outcome outcome = run({"/usr/bin/diff", "-u", "--label", "yours", "--label", "the library's",
                                 (project.root / file.path).string(), source.string()},
                                {.compiler = true}, 10);
    std::cout << outcome.text;
  }
  return 0;
}

namespace {
/// A student's name as a file name: letters of all languages, digits, '-', '_'.
/// The class is graded under this name.
std::string archive_name(const std::string& id) {
  std::string name;
  for (const char letter : id)
    if (std::isalnum(static_cast<unsigned char>(letter)) || static_cast<unsigned char>(letter) >= 0x80 ||
        letter == '-' || letter == '_')
      name += letter;
  GRADUS_CHECK(id.empty() || (!name.empty() && name.size() <= 200), "ID='", visible(id),
               "': a name must have at least one letter or digit, and at most 200 bytes");
  if (name != id)
    std::cout << "a file name may contain only letters, digits, '-' and '_': ID='" << visible(id)
              << "' becomes '" << visible(name) << "'\n";
  return id.empty() ? "submission" : name;
}
}  // namespace

int submit_command(const Project& project, const std::string& id) {
  const GradedFile* missing = nullptr;
  std::vector<Packed> packed;
  int waiting = 0, begun = 0, broken = 0;
  for (const Exercise& exercise : project.exercises)
    for (const GradedFile& file : exercise.files) {
      const auto text = text_if_there(project.root / file.path);
      if (!text) {
        missing = &file;
        std::cerr << "gradus-grade: " << file.path << " is missing";
        for (const auto& other : fs::directory_iterator((project.root / file.path).parent_path())) {
          const std::string name = other.path().filename().string();
          const std::string stem = file.name.substr(0, file.name.size() - 4);
          if (name != file.name && name.ends_with(".cpp") &&
              (name.find(stem) != std::string::npos ||
               stem.find(name.substr(0, name.size() - 4)) != std::string::npos))
            std::cerr << " (is it " << name << "? rename it back)";
        }
        std::cerr << "; make reset EX=" << exercise.key() << " restores the unmodified file\n";
        continue;
      }
      int open = 0;
      for (const Todo& todo : file.todos) open += open_line(*text, todo.id) > 0;
      waiting += open;
      if (*text != original_of(project, file)) {
        ++begun;
        const Built built = build(project.tools, file, *text, project.cache(), {.level = best_level()});
        if (built.state != State::pass)
          ++broken, std::cout << "warning: " << file.path << ": " << built.sentence << "\n";
      }
      packed.push_back({file.name, *text});
    }
  if (missing) return 4;
  if (begun == 0) {
    std::cerr << "gradus-grade: no exercise is started; there is nothing to submit\n";
    return 3;
  }
  const fs::path file = project.root / (archive_name(id) + ".zip");
  write_zip(file, packed);
  std::cout << "packed:\n";
  for (const Exercise& exercise : project.exercises) {
    std::cout << "  " << exercise.key() << " ";
    for (const GradedFile& one : exercise.files) std::cout << " " << one.name;
    std::cout << "\n";
  }
  if (id.empty()) std::cout << "no name given: make submit ID=yourname\n";
  if (waiting) std::cout << "warning: " << waiting << " TODOs are not started\n";
  std::cout << file.filename().string() << "  " << fs::file_size(file) << " bytes, SHA-256 "
            << digest(read_text(file)) << "\n";
  return broken ? 1 : 0;
}

int mine_command(const Project& project) {
  std::string list, words;
  for (const Exercise& exercise : project.exercises)
    for (const GradedFile& file : exercise.files) {
      const auto text = text_if_there(project.root / file.path);
      if (!text || *text == original_of(project, file)) continue;
      const Built built = build(project.tools, file, *text, project.cache(), {.level = best_level()});
      if (built.state == State::pass) {
        list += (list.empty() ? "" : ";") + (project.root / file.path).string();
        words += " " + file.name;
      } else {
        std::cerr << file.path << " is left out, the library's is used instead: " << built.sentence << "\n";
      }
    }
  std::cerr << (words.empty() ? "no exercise is started" : "yours:" + words);
  std::cerr << (project.tools.whole
                    ? "; everything else is the library's\n"
                    : "; this copy has no others: a program runs once every exercise that it uses is done\n");
  std::cout << list << "\n";
  return 0;
}

}  // namespace gradus::grade
