// gradus-grade: the one program behind make exercises, watch, hint, grade, reset, submit, prove.
#include <CLI/CLI.hpp>
#include <iostream>
#include <random>

#include "prove.hpp"
#include "report.hpp"
#include "stubs.hpp"

namespace gradus::grade {
namespace {

namespace fs = std::filesystem;

struct Settings {
  fs::path root = GRADUS_SOURCE_DIR;
  std::string exercise, todo, seed, level;
};

std::uint64_t seed_of(const std::string& text) {
  if (!text.empty()) return std::stoull(text, nullptr, 16);
  std::random_device device;
  return device();
}

int grade_command(const Settings& settings, const std::vector<Exercise>& exercises, const Toolchain& tools) {
  int points = 0, most = 0;
  for (const Exercise& exercise : exercises) {
    if (!settings.exercise.empty() && &exercise != &exercise_named(exercises, settings.exercise)) continue;
    const ExerciseResult result =
        grade(exercise,
              [&](const GradedFile& file) -> std::optional<std::string> {
                const fs::path path = settings.root / file.path;
                return fs::exists(path) ? std::optional(read_text(path)) : std::nullopt;
              },
              tools, settings.root / "build/grade",
              {.seed = seed_of(settings.seed),
               .build = {.level = settings.level.empty() ? best_level() : level_of(settings.level)}});
    print_heading(std::cout, result, colourful(1));
    for (const TodoResult& todo : result.todos) print_todo(std::cout, todo, colourful(1));
    points += result.points(), most += result.most();
  }
  return points == most ? 0 : 1;
}

int command_line(int argc, char** argv) {
  Settings settings;
  ProveOptions prove;
  CLI::App app("Gradus exercises: list, check, explain");
  app.require_subcommand(1);
  app.add_option("--root", settings.root, "folder of the project");
  CLI::App* grade_app = app.add_subcommand("grade", "grade exercises");
  grade_app->add_option("--ex", settings.exercise);
  grade_app->add_option("--seed", settings.seed);
  grade_app->add_option("--level", settings.level);
  CLI::App* stubs_app = app.add_subcommand("stubs", "write the exercise files from the library's");
  CLI::App* prove_app = app.add_subcommand("prove", "grade the grader");
  std::string part;
  prove_app->add_option("part", part, "stubs, reference, mistakes");
  prove_app->add_option("--ex", prove.only);
  prove_app->add_option("--seeds", prove.seeds);
  bool full = false;
  prove_app->add_flag("--full", full);
  prove_app->add_option("--level", settings.level);
  CLI11_PARSE(app, argc, argv);
  const std::vector<Exercise> exercises = read_exercises(settings.root / "exercises");
  const Toolchain tools = Toolchain::read(GRADUS_GRADE_CONFIG);
  if (*grade_app) return grade_command(settings, exercises, tools);
  if (*stubs_app) {
    for (const Exercise& exercise : exercises)
      for (const GradedFile& file : exercise.files) {
        write_text(settings.root / file.path, stub_of(file, read_text(settings.root / file.source)));
        std::cout << file.path << "\n";
      }
    return 0;
  }
  prove.root = settings.root;
  prove.cache = settings.root / "build/grade";
  prove.level = settings.level.empty() ? best_level() : level_of(settings.level);
  prove.quick = !full;
  Count total;
  struct Part {
    std::string name;
    Count (*function)(std::ostream&, const std::vector<Exercise>&, const Toolchain&, const ProveOptions&);
  };
  for (const auto& [name, function] :
       {Part{"stubs", prove_stubs}, Part{"reference", prove_reference}, Part{"mistakes", prove_mistakes}}) {
    if (!part.empty() && part != name) continue;
    const Count count = function(std::cout, exercises, tools, prove);
    std::cout << name << ": " << count.passed << " passed, " << count.failed << " failed\n";
    total += count;
  }
  std::cout << total.passed << " passed, " << total.failed << " failed\n";
  return total.failed > 0;
}

}  // namespace
}  // namespace gradus::grade

int main(int argc, char** argv) {
  try {
    return gradus::grade::command_line(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "gradus-grade: " << error.what() << "\n";
    return 70;
  }
}
