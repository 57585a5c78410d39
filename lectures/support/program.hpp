#pragma once
// Program: command line, random numbers and report of a lecture program.
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/random.hpp"
#include "gradus/data/dataset.hpp"
#include "gradus/io/animation.hpp"
#include "gradus/io/plot.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/train/trainer.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/sound_sheet.hpp"

namespace gradus::lecture {

/// Holds the options, a random generator, a folder for pictures, and the report for summary.json:
///
///     void autoencoder(Program& program) {
///       Split digits = program.digits({.train = 12000});
///       ...
///       program.figure("test_sq_error_2d", error);
///       program.picture("grids", image_grid(images), "left the truth, right reconstructions");
///       program.headline("...");
///     }
///     int main(int argc, char** argv) {
///       return run_program(argc, argv, {.name = "06_autoencoder", .title = "...", ...}, autoencoder);
///     }
class Program {
 public:
  /// Parses the command line, sets the number of threads, makes the folder, prints title, slide and look.
  /// Throws EarlyExit (see parse_options), and Error when the folder cannot be made.
  Program(int argc, char** argv, const Lesson& lesson);

  Options options;
  Rng rng;  ///< seeded by --seed; every Trainer saves its position in the checkpoint

  /// `<out>/<name>`, the folder for pictures, numbers and checkpoints.
  const std::filesystem::path& folder() const { return folder_; }
  const std::string& name() const { return lesson_.name; }

  /// Settings for a Trainer: checkpoints in folder(), --resume, preset, seed and shards.
  Session session();
  /// The parts of every batch (--shards; 1 unless the lesson has it) and the processes that compute them.
  Shards& shards() { return shards_; }
  /// Whether this process makes pictures and figures: only the first of several. The others return from their
  /// program after the training.
  bool leads() { return shards_.ranks().leads(); }

  /// The value for the preset; tiny uses quick's unless a third value is given.
  template <class T>
  T pick(T quick, T full) const {
    return options.preset == Preset::full ? full : quick;
  }
  template <class T>
  T pick(T quick, T full, T tiny) const {
    return options.preset == Preset::tiny ? tiny : pick(quick, full);
  }
  /// The number of epochs; --epochs overrides it. quick and full are for MNIST's 60000 examples;
  /// a smaller set gets more epochs, so that the number of steps is about the same. Tiny: one epoch.
  Index epochs(const Dataset& data, Index quick, Index full) const;

  /// load_digits from --data; prints and reports which data set it is. The preset tiny takes at most 1000
  /// training and 300 test examples.
  Split digits(DigitsOptions wanted = {});
  /// Prints and reports data other than that of digits(); each call adds a sentence.
  void dataset(const std::string& note);

  /// Prints a line.
  void say(const std::string& line) const;
  /// Reports a number in summary.json. Throws Error when it is not finite.
  void figure(const std::string& name, double value);
  /// A figure reported before, for the headline. Throws Error when no figure has this name.
  double figure(const std::string& name) const;
  /// Reports the result in one sentence.
  void headline(const std::string& sentence);

  /// Writes [H, W, 1 or 3] as `<folder>/<stem>.png`. Throws Error as write_png does.
  void picture(const std::string& stem, const Tensor& image, const std::string& caption);
  /// Writes the plot as `<folder>/<stem>.png` and .csv; without gnuplot, only the .csv.
  void plot(const std::string& stem, const Plot& plot, const std::string& caption);
  /// Writes frames [H, W, 1 or 3] as `<folder>/<stem>.gif`. Throws Error as write_gif does.
  void animation(const std::string& stem, const std::vector<Tensor>& frames, const GifOptions& how,
                 const std::string& caption);
  /// Writes the sounds as `<folder>/<stem>_1.wav`, _2 ... and their sound_sheet as `<folder>/<stem>.png`. The
  /// page shows the sheet with one player per sound below it. Throws Error as write_wav and sound_sheet do.
  void sound(const std::string& stem, const std::vector<NamedSound>& sounds, const std::string& caption);
  /// Writes the tape as `<folder>/<stem>.svg` and .dot; without Graphviz, only the .dot.
  void graph(const std::string& stem, const Tape& tape, Module& module, const std::string& caption);
  /// Writes `<folder>/<stem>.html`, which the lecture's page links to with the caption as the link's text.
  /// The page must be self-contained. Throws Error when it cannot be written.
  void page(const std::string& stem, const std::string& html, const std::string& caption);
  /// Writes columns of numbers as `<folder>/<stem>.csv`.
  void csv(const std::string& stem, const std::vector<std::string>& names,
           const std::vector<std::vector<double>>& columns);

  /// Prints figures, pictures and headline, and merges the report into
  /// `<out>/summary.json`. Called by run_program.
  void finish();

 private:
  Shards shards_;
  Lesson lesson_;
  std::filesystem::path folder_;
  std::chrono::steady_clock::time_point start_;
  Report report_;
  bool finished_ = false;
  mutable bool epochs_used_ = false;
};

/// Runs a lesson in a Program and finishes it. Returns main's exit code: 0;
/// 1 after an exception, reported in one line on stderr; 2 after a wrong command line;
/// 130 after Ctrl-C (143 after SIGTERM), once a Trainer has saved its state.
int run_program(int argc, char** argv, const Lesson& lesson, const std::function<void(Program&)>& body);

}  // namespace gradus::lecture
