#include "support/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

#include "gradus/base/number.hpp"
#include "gradus/train/ranks.hpp"

namespace gradus::lecture {

std::string_view preset_name(Preset preset) {
  switch (preset) {
    case Preset::tiny:
      return "tiny";
    case Preset::quick:
      return "quick";
    case Preset::full:
      return "full";
  }
  return "";
}

namespace {

/// A whole number in decimal digits. CLI11 alone reads 010 as octal and lets -1 and 2^64 wrap around.
std::string decimal(std::string& words) {
  std::uint64_t number = 0;
  if (!parse_whole(words, number)) return "\"" + words + "\" is no whole number in 0 .. 2^64 - 1";
  words = std::to_string(number);  // without leading zeros
  return "";
}

std::string about(const Lesson& lesson) {
  std::string words = lesson.title;
  if (!lesson.slide.empty()) words += "\n\nSlide:    " + lesson.slide;
  if (!lesson.look.empty()) words += "\nLook at:  " + lesson.look;
  return words + "\n";
}

}  // namespace

Options parse_options(int argc, const char* const* argv, const Lesson& lesson) {
  Options options;
  if (const char* folder = std::getenv("GRADUS_DATASETS"); folder && *folder) options.data = folder;
  const std::map<std::string, Preset> presets = {
      {"tiny", Preset::tiny}, {"quick", Preset::quick}, {"full", Preset::full}};
  std::string preset = "quick", out = options.out.string(), data = options.data.string();

  if (launched_ranks() > 0 && lesson.shards) options.shards = 8;
  const CLI::Validator whole(decimal, "");

  CLI::App app(about(lesson), lesson.name);
  app.get_formatter()->column_width(34);
  app.add_option("--preset", preset,
                 "Length of the training: quick or full (tiny only tests that the program runs)")
      ->check(CLI::IsMember({"quick", "full", "tiny"}))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "Passes over the training data; default: the preset's")
      ->check(CLI::Range(Index{1}, Index{1'000'000}))
      ->transform(whole)
      ->type_name("N");
  app.add_option("--seed", options.seed, "Seed of all random numbers: same seed, same bits")
      ->transform(whole)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Number of threads; default: all cores of the machine")
      ->check(CLI::Range(1, 1024))
      ->transform(whole)
      ->type_name("N");
  app.add_option("--out", out, "Folder for pictures, figures and checkpoints")
      ->type_name("FOLDER")
      ->capture_default_str();
  app.add_option("--data", data, "Folder with the data sets; or set GRADUS_DATASETS")
      ->type_name("FOLDER")
      ->capture_default_str();
  app.add_flag("--resume", options.resume, "Continue from the checkpoints of an earlier run");
  if (lesson.shards)
    app.add_option("--shards", options.shards,
                   "Parts of every batch, computed by the processes of mpirun; the result depends on their "
                   "number only; default: 1, with mpirun 8")
        ->check(CLI::Range(Index{1}, Index{65536}))
        ->transform(whole)
        ->type_name("S");
  app.add_flag("--check-numbers", options.check_numbers,
               "Stop at the first op whose result is NaN or infinite, and name it (slower)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw EarlyExit(0, app.help());
  } catch (const CLI::Error& error) {
    throw EarlyExit(2, lesson.name + ": " + error.what() + "\nRun with --help to see what there is.\n");
  }
  if (launched_ranks() > 1 && !lesson.shards)
    throw EarlyExit(2, lesson.name + ": does not train on several processes; start it without mpirun\n");
  options.preset = presets.at(preset);
  options.out = out;
  options.data = data;
  if (options.out.empty()) throw EarlyExit(2, lesson.name + ": --out: needs the name of a folder\n");
  return options;
}

}  // namespace gradus::lecture
