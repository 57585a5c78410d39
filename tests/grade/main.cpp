// gradus-grade: the program behind make exercises, watch, hint, grade, reset,
// submit, class, prove and handout.
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "classroom.hpp"
#include "commands.hpp"
#include "gradus/base/number.hpp"
#include "handout.hpp"
#include "merge.hpp"
#include "prove.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace {

namespace fs = std::filesystem;

/// A whole number in decimal digits, for an option. CLI11 alone reads 010 as octal.
std::string decimal(std::string& words) {
  std::uint64_t number = 0;
  if (!parse_whole(words, number)) return "'" + words + "' is no whole number";
  words = std::to_string(number);  // without leading zeros
  return "";
}

int stubs_command(const Project& project) {
  for (const Exercise& exercise : project.exercises)
    for (const GradedFile& file : exercise.files) {
      const std::string stub = stub_of(file, read_text(project.root / file.source));
      if (fs::exists(project.root / file.path) && read_text(project.root / file.path) == stub) continue;
      write_text(project.root / file.path, stub);
      std::cout << file.path << "\n";
    }
  return 0;
}

/// What gradus-grade generate writes.
struct GenerateCommand {
  fs::path folder{};
  std::string exercise{};
  std::size_t students = 60;
  bool alike = false;
};

int generate_command(const Project& project, const GenerateCommand& command) {
  GRADUS_CHECK(!fs::exists(command.folder) || fs::is_empty(command.folder), command.folder.string(),
               " is not empty");
  std::vector<const Exercise*> exercises;
  for (const Exercise& exercise : project.exercises)
    if (command.exercise.empty() || exercise.is_named(command.exercise)) exercises.push_back(&exercise);
  if (exercises.empty()) exercise_named(project.exercises, command.exercise);  // names the known ones
  generate_class(command.folder, exercises, project.root, command.students, command.alike);
  return 0;
}

/// The values of the command line's options, and the command to run with them.
struct Arguments {
  GradeCommand command{};
  ClassCommand course{};
  GenerateCommand generate{};
  ProveOptions prove{};
  std::string level{}, id{}, part{}, result_file{}, out_file{};
  std::vector<fs::path> journals{};
  bool yes = false, full = false;
  std::function<int(const Project&)> run{};
};

CLI::App* add(CLI::App& app, Arguments& given, const char* name, const char* help,
              const std::function<int(const Project&)>& run) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->callback([&given, run] { given.run = run; });
  return sub;
}

CLI::App* with_exercise(CLI::App* sub, Arguments& given) {
  sub->add_option("--ex", given.command.exercise, "exercise: 4, 04 or 04_divergences");
  sub->add_option("--todo", given.command.todo, "TODO: 4.5");
  return sub;
}

CLI::App* with_sandbox(CLI::App* sub, Arguments& given) {
  sub->add_option("--level", given.command.level,
                  "sandbox level: L1, L2 or L3 (default: the highest available)");
  sub->add_option("--seed", given.command.seed,
                  "repeat the inputs of this seed (hexadecimal, as printed in a report)");
  return sub;
}

void add_student_commands(CLI::App& app, Arguments& given) {
  add(app, given, "list", "list all exercises with state and points", list_command);
  CLI::App* grade = add(app, given, "grade", "grade exercises",
                        [&](const Project& project) { return grade_command(project, given.command); });
  with_sandbox(with_exercise(grade, given), given);
  grade->add_option("--submission", given.command.submission,
                    "grade this folder or archive instead of exercises/");
  grade->add_option("--json", given.command.json, "write Gradescope's results.json");
  grade->add_option("--junit", given.command.junit, "write JUnit XML");
  grade->add_option("--required-level", given.command.required, "refuse to grade in a weaker sandbox");
  grade->add_flag("--github", given.command.github, "print annotations for GitHub Actions");
  grade->add_flag("--first", given.command.first, "stop after the first TODO that does not pass");
  CLI::App* watch = add(app, given, "watch", "grade whenever a file is saved",
                        [&](const Project& project) { return watch_command(project, given.command); });
  with_sandbox(with_exercise(watch, given), given);
  CLI::App* hint = add(app, given, "hint", "show the next hint of a TODO", [&](const Project& project) {
    return hint_command(project, given.command.exercise, given.command.todo);
  });
  with_exercise(hint, given);
  CLI::App* reset =
      add(app, given, "reset", "restore the unmodified file and keep a copy of yours",
          [&](const Project& project) {
            return reset_command(project, given.command.exercise, given.command.todo, given.yes);
          });
  with_exercise(reset, given)->add_flag("--yes", given.yes, "do not ask");
  CLI::App* solution =
      add(app, given, "solution", "compare your code with the library's (after full marks)",
          [&](const Project& project) { return solution_command(project, given.command.exercise); });
  with_exercise(solution, given);
  CLI::App* submit = add(app, given, "submit", "pack your files",
                         [&](const Project& project) { return submit_command(project, given.id); });
  submit->add_option("--id", given.id, "name of the archive");
  add(app, given, "doctor", "check what this machine supports", doctor_command);
  add(app, given, "mine", "list your started files for the build", mine_command);
}

CLI::App* with_submissions(CLI::App* sub, Arguments& given) {
  ClassCommand& course = given.course;
  sub->add_option("submissions", course.submissions, "folder with one archive or folder per student")
      ->required();
  sub->add_option("--out", course.out,
                  "folder for gradebook.csv and feedback/ (default: beside the submissions)");
  sub->add_option("--ex", course.exercise, "only this exercise");
  return sub;
}

void add_class_commands(CLI::App& app, Arguments& given) {
  ClassCommand& course = given.course;
  CLI::App* sub =
      with_submissions(add(app, given, "class", "grade a folder of submissions",
                           [&](const Project& project) { return class_command(project, given.course); }),
                       given);
  sub->add_option("-j,--jobs", course.jobs, "submissions graded in parallel")
      ->check(CLI::Range(1, 64))
      ->transform(CLI::Validator(decimal, ""));
  sub->add_option(
      "--key", course.key_file,
      "file with the course key, from which seeds are derived (default: created in the output folder)");
  sub->add_option("--regrade", course.regrade, "grade this student again");
  sub->add_option("--required-level", course.required, "sandbox level that is required (default L2)");
  sub->add_flag("--accept-level", course.accept_level, "grade even in a weaker sandbox");
  sub->add_option("--part", course.part, "only this share of the students: 3/16; then merge");
  with_submissions(
      add(app, given, "merge", "join the parts of a class into one gradebook",
          [&](const Project& project) { return merge_command(project, given.course, given.journals); }),
      given)
      ->add_option("journals", given.journals, "journals of the parts (default: those in the output folder)");
}

void add_generate_command(CLI::App& app, Arguments& given) {
  GenerateCommand& command = given.generate;
  CLI::App* sub = add(app, given, "generate", "write a class of generated submissions, for a trial",
                      [&](const Project& project) { return generate_command(project, command); });
  sub->add_option("folder", command.folder, "new folder for the submissions")->required();
  sub->add_option("--students", command.students, "number of submissions (default 60)")
      ->check(CLI::Range(1, 100000))
      ->transform(CLI::Validator(decimal, ""));
  sub->add_option("--ex", command.exercise, "only this exercise");
  sub->add_flag("--alike", command.alike, "equal files recur, so that few are compiled");
}

void add_prove_command(CLI::App& app, Arguments& given) {
  ProveOptions& prove = given.prove;
  CLI::App* sub = add(app, given, "prove", "test the grader", [&](const Project& project) {
    prove.root = project.root;
    prove.cache = project.cache();
    prove.level = given.level.empty() ? best_level() : level_of(given.level);
    prove.quick = !given.full;
    return prove_command(std::cout, project.exercises, project.tools, prove, given.part);
  });
  sub->add_option("part", given.part, "stubs, reference, mistakes, attacks or class");
  sub->add_option("--ex", prove.only, "only this exercise");
  sub->add_option("--seeds", prove.seeds, "number of seeds for the reference")
      ->transform(CLI::Validator(decimal, ""));
  sub->add_flag("--sample", prove.sample, "only every sixth mistake");
  sub->add_flag("--full", given.full, "both compilers, several optimisations, every sandbox level");
  sub->add_option("-j,--jobs", prove.jobs, "exercises in parallel")
      ->check(CLI::Range(1, 64))
      ->transform(CLI::Validator(decimal, ""));
  sub->add_option("--level", given.level, "sandbox: L1, L2, L3");
}

void add_teacher_commands(CLI::App& app, Arguments& given) {
  add(app, given, "stubs", "write the exercise files from the library files", stubs_command);
  add_class_commands(app, given);
  add_generate_command(app, given);
  CLI::App* gradescope =
      add(app, given, "gradescope", "grade one submission for Gradescope", [&](const Project& project) {
        return gradescope_command(project, given.command, given.course.key_file, given.result_file);
      });
  gradescope->add_option("submission", given.command.submission)->required();
  gradescope->add_option("results", given.result_file)->required();
  gradescope->add_option("--ex", given.command.exercise, "only this exercise");
  gradescope->add_option("--key", given.course.key_file, "file with the course key");
  const auto out_or = [&](const Project& project, const char* name) {
    return given.out_file.empty() ? project.root / name : fs::path(given.out_file);
  };
  add(app, given, "handout", "write the students' copy as a zip, without solutions",
      [=](const Project& project) { return handout_command(project, out_or(project, "gradus-handout.zip")); })
      ->add_option("file", given.out_file, "output file");
  add(app, given, "autograder", "write the zip for Gradescope", [=](const Project& project) {
    return autograder_command(project, out_or(project, "gradus-autograder.zip"));
  })->add_option("file", given.out_file, "output file");
  add_prove_command(app, given);
}

int command_line(int argc, char** argv) {
  Arguments given;
  fs::path root = GRADUS_SOURCE_DIR;
  CLI::App app("Gradus exercises: list, check, explain");
  app.require_subcommand(1);
  app.add_option("--root", root, "folder of the project");
  add_student_commands(app, given);
  add_teacher_commands(app, given);
  CLI::App* escape = app.add_subcommand("escape", "")->group("");  // hidden: the sandbox's self-test
  escape->add_option("file", given.out_file);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (*escape) return escape_command(given.out_file);
  Project project;
  project.root = fs::absolute(root).lexically_normal();
  project.exercises = read_exercises(project.root / "exercises");
  project.tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  return given.run(project);
}

}  // namespace
}  // namespace gradus::grade

int main(int argc, char** argv) {
  try {
    return gradus::grade::command_line(argc, argv);
  } catch (const gradus::Error& error) {
    std::cerr << "gradus-grade: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "gradus-grade: " << error.what() << "\n";
    return 70;
  }
}
