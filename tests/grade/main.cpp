// gradus-grade: the program behind make exercises, watch, hint, grade, reset,
// submit, class, prove and handout.
#include <CLI/CLI.hpp>
#include <iostream>

#include "classroom.hpp"
#include "commands.hpp"
#include "handout.hpp"
#include "prove.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace {

namespace fs = std::filesystem;

int stubs_command(const Place& place) {
  for (const Exercise& exercise : place.exercises)
    for (const GradedFile& file : exercise.files) {
      const std::string stub = stub_of(file, read_text(place.root / file.source));
      if (fs::exists(place.root / file.path) && read_text(place.root / file.path) == stub) continue;
      write_text(place.root / file.path, stub);
      std::cout << file.path << "\n";
    }
  return 0;
}

int command_line(int argc, char** argv) {
  Place place;
  fs::path root = GRADUS_SOURCE_DIR;
  GradeCommand command;
  ClassCommand course;
  ProveOptions prove;
  std::string exercise, todo, level, id, part, result_file, out_file;
  bool yes = false, full = false;
  CLI::App app("Gradus exercises: list, check, explain");
  app.require_subcommand(1);
  app.add_option("--root", root, "folder of the project");

  const auto with_exercise = [&](CLI::App* sub) {
    sub->add_option("--ex", command.exercise, "exercise: 4, 04 or 04_divergences");
    sub->add_option("--todo", command.todo, "TODO: 4.5");
    return sub;
  };
  const auto with_sandbox = [&](CLI::App* sub) {
    sub->add_option("--level", command.level, "sandbox level: L1, L2 or L3 (default: the highest available)");
    sub->add_option("--seed", command.seed,
                    "repeat the inputs of this seed (hexadecimal, as printed in a report)");
    return sub;
  };
  const CLI::App* list = app.add_subcommand("list", "list all exercises with state and points");
  CLI::App* grade_app = with_sandbox(with_exercise(app.add_subcommand("grade", "grade exercises")));
  grade_app->add_option("--submission", command.submission,
                        "grade this folder or archive instead of exercises/");
  grade_app->add_option("--json", command.json, "write Gradescope's results.json");
  grade_app->add_option("--junit", command.junit, "write JUnit XML");
  grade_app->add_option("--required-level", command.required, "refuse to grade in a weaker sandbox");
  grade_app->add_flag("--github", command.github, "print annotations for GitHub Actions");
  grade_app->add_flag("--first", command.first, "stop after the first TODO that does not pass");
  const CLI::App* watch =
      with_sandbox(with_exercise(app.add_subcommand("watch", "grade whenever a file is saved")));
  const CLI::App* hint = with_exercise(app.add_subcommand("hint", "show the next hint of a TODO"));
  CLI::App* reset =
      with_exercise(app.add_subcommand("reset", "restore the unmodified file and keep a copy of yours"));
  reset->add_flag("--yes", yes, "do not ask");
  const CLI::App* solution = with_exercise(
      app.add_subcommand("solution", "compare your code with the library's (after full marks)"));
  CLI::App* submit = app.add_subcommand("submit", "pack your files");
  submit->add_option("--id", id, "name of the archive");
  const CLI::App* doctor = app.add_subcommand("doctor", "check what this machine supports");
  const CLI::App* mine = app.add_subcommand("mine", "list your started files for the build");
  CLI::App* escape = app.add_subcommand("escape", "")->group("");  // hidden: the sandbox's self-test
  escape->add_option("file", out_file);
  const CLI::App* stubs = app.add_subcommand("stubs", "write the exercise files from the library files");

  CLI::App* class_app = app.add_subcommand("class", "grade a folder of submissions");
  class_app->add_option("submissions", course.submissions, "folder with one archive or folder per student")
      ->required();
  class_app->add_option("-j,--jobs", course.jobs, "submissions graded in parallel")->check(CLI::Range(1, 64));
  class_app->add_option("--out", course.out,
                        "folder for gradebook.csv and feedback/ (default: beside the submissions)");
  class_app->add_option(
      "--key", course.key_file,
      "file with the course key, from which seeds are derived (default: created in the output folder)");
  class_app->add_option("--regrade", course.regrade, "grade this student again");
  class_app->add_option("--required-level", course.required, "sandbox level that is required (default L2)");
  class_app->add_flag("--accept-level", course.accept_level, "grade even in a weaker sandbox");
  class_app->add_option("--ex", course.exercise, "only this exercise");
  CLI::App* gradescope = app.add_subcommand("gradescope", "grade one submission for Gradescope");
  gradescope->add_option("submission", command.submission)->required();
  gradescope->add_option("results", result_file)->required();
  gradescope->add_option("--ex", command.exercise, "only this exercise");
  gradescope->add_option("--key", course.key_file, "file with the course key");
  CLI::App* handout = app.add_subcommand("handout", "write the students' copy as a zip, without solutions");
  handout->add_option("file", out_file, "output file");
  CLI::App* autograder = app.add_subcommand("autograder", "write the zip for Gradescope");
  autograder->add_option("file", out_file, "output file");
  CLI::App* prove_app = app.add_subcommand("prove", "test the grader");
  prove_app->add_option("part", part, "stubs, reference, mistakes, attacks or class");
  prove_app->add_option("--ex", prove.only, "only this exercise");
  prove_app->add_option("--seeds", prove.seeds, "number of seeds for the reference");
  prove_app->add_flag("--sample", prove.sample, "only every fourth mistake");
  prove_app->add_flag("--full", full, "both compilers, several optimisations, every sandbox level");
  prove_app->add_option("-j,--jobs", prove.jobs, "exercises in parallel")->check(CLI::Range(1, 64));
  prove_app->add_option("--level", level, "sandbox: L1, L2, L3");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (*escape) return escape_command(out_file);
  place.root = fs::absolute(root).lexically_normal();
  place.exercises = read_exercises(place.root / "exercises");
  place.tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  if (*list) return list_command(place);
  if (*grade_app) return grade_command(place, command);
  if (*watch) return watch_command(place, command);
  if (*hint) return hint_command(place, command.exercise, command.todo);
  if (*reset) return reset_command(place, command.exercise, command.todo, yes);
  if (*solution) return solution_command(place, command.exercise);
  if (*submit) return submit_command(place, id);
  if (*doctor) return doctor_command(place);
  if (*mine) return mine_command(place);
  if (*stubs) return stubs_command(place);
  if (*class_app) return class_command(place, course);
  if (*gradescope) return gradescope_command(place, command, course.key_file, result_file);
  if (*handout)
    return handout_command(place, out_file.empty() ? place.root / "gradus-handout.zip" : fs::path(out_file));
  if (*autograder)
    return autograder_command(place,
                              out_file.empty() ? place.root / "gradus-autograder.zip" : fs::path(out_file));
  prove.root = place.root;
  prove.cache = place.cache();
  prove.level = level.empty() ? best_level() : level_of(level);
  prove.quick = !full;
  return prove_command(std::cout, place.exercises, place.tools, prove, part);
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
