#pragma once
// Trainer: the parts of a training loop that are not mathematics: batches, progress bar, checkpoints, Ctrl-C,
// loss curves. The computation stays in the program.
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/io/plot.hpp"
#include "gradus/train/progress.hpp"
#include "gradus/train/shards.hpp"

namespace gradus {

/// A named object that changes during training and belongs in the checkpoint:
/// a module, an optimizer, an Ema or anything else with `State state()`; a generator; a loader.
struct Kept {
  // From an object with `state()`, a generator or a loader; it must outlive the trainer.
  template <class Object>
  requires requires(Object& object) {
    { object.state() } -> std::same_as<State>;
  }
  Kept(const std::string& name_in, Object& object)
      : name(name_in), state([&object] { return object.state(); }) {}
  Kept(const std::string& name_in, Rng& rng) : name(name_in), state([&rng] { return state_of(rng); }) {}
  Kept(const std::string& name_in, Loader& loader_in) : name(name_in), loader(&loader_in) {}

  std::string name;                ///< in the checkpoint
  std::function<State()> state{};  ///< called for every checkpoint; empty for a loader
  Loader* loader = nullptr;        ///< null for anything else

 private:
  static State state_of(Rng& rng);
};

/// The program that trains: where checkpoints are stored, and the settings that a resumed run must share.
struct Session {
  std::string name{};              ///< of the program, for messages
  std::filesystem::path folder{};  ///< of the checkpoints
  Rng& rng;                        ///< the program's generator; its position is stored in the checkpoint
  bool resume = false;             ///< continue from the checkpoint
  Notes settings{};                ///< such as preset and seed
  Shards* shards = nullptr;        ///< of every batch, when the steps are Shards::step; null: none
};

/// The length of a training that is measured in steps instead of epochs.
struct Steps {
  Index count = 0;    ///< number of steps
  Index section = 0;  ///< steps between two checkpoints, with one progress bar each; 0: a tenth of all steps
};

/// The curve of a reading: averages over equal parts of the training (at most about 200).
/// `x` is the end of each part in epochs, or in steps when the training is measured in steps.
struct Curve {
  std::string name;          ///< of the reading
  std::vector<double> x, y;  ///< one value per part
};

/// Training was stopped by a signal, after its state was saved. run_program returns the matching exit code.
class Interrupted : public std::runtime_error {
 public:
  /// With the number of the signal.
  Interrupted(int signal_in, const std::string& message) : std::runtime_error(message), signal(signal_in) {}
  int signal;  ///< such as SIGINT
};

/// The loop over epochs and batches:
///
///     Trainer trainer(session, "autoencoder_2d", {{"model", model}, {"adam", adam}}, loader, epochs);
///     for (const Batch& batch : trainer) {
///       Tape tape;
///       Var loss = mean(squared_error(model(batch.images), batch.images));
///       adam.zero_grad();
///       tape.backward(loss);
///       adam.step();
///       trainer.report({{"loss", loss}});
///     }
///
/// or over steps, when no single loader defines an epoch:
///
///     Trainer trainer(session, "gan", {{"g", g}, {"d", d}, ..., {"loader", loader}}, Steps{5000});
///     while (trainer.next()) { const Batch& real = loader.next(); ... }
///
/// The checkpoint `<folder>/<name>.safetensors` is written at the end of every epoch (section). On Ctrl-C it
/// is written after the current step, and the loop ends with the exception Interrupted. It contains the kept
/// objects (of a loader its place and its weights), the session's generator, the position in the loop, and
/// the curves. With `resume` the constructor loads it and the loop continues at that step: the result has the
/// same bits as that of an uninterrupted training. For a finished training the checkpoint is loaded and the
/// loop is empty. Without a checkpoint, `resume` starts at the beginning and prints a message.
///
/// On several ranks (Session::shards) every rank runs the same loop; rank 0 writes the checkpoint, all ranks
/// read it, and a signal to one of them ends all of them after the same step. The constructor compares
/// program file, instruction set, settings, data and step of all ranks: rank 0 throws an Error that names the
/// rank and the difference, the others throw Interrupted without a message. A resumed run needs the same
/// number of shards; the number of ranks may differ.
class Trainer {
 public:
  /// Trains for a number of epochs of a loader, which is reset to its beginning.
  /// Throws Error when two kept names are equal, when epochs < 1 and, with `resume`, when the checkpoint is
  /// broken or belongs to another network, preset, seed, data set, or number of epochs.
  Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Loader& loader,
          Index epochs);
  /// Trains for a number of steps. Throws Error likewise.
  Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Steps steps);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Ends the current step and begins the next one; false when all are done. The range-for loop calls it.
  /// Throws Interrupted after Ctrl-C, and Error when a checkpoint cannot be written.
  bool next();

  /// Passes the losses of this step to the progress bar and the curves.
  /// Throws Error, naming step and loss, when one is not finite.
  void report(Readings readings);

  Index step() const { return done_; }                  ///< completed steps: 0 during the first one
  Index steps() const { return total_; }                ///< total number of steps
  Index epoch() const { return done_ / section_ + 1; }  ///< the current epoch (with Steps: section), from 1
  /// The completed fraction of the training, in [0, 1], for schedules:
  /// adam.lr = lr * cosine_decay(trainer.progress())
  double progress() const { return static_cast<double>(done_) / static_cast<double>(total_); }
  /// True when all steps are done.
  bool finished() const { return done_ == total_; }

  /// One curve per loss.
  std::vector<Curve> history() const;
  /// Mean of a loss over the last tenth of its curve. Throws Error when no value of that name was reported.
  double last_tenth(const std::string& name) const;
  /// All curves in one plot; axes and titles can be added.
  Plot plot(const std::string& title) const;

  /// The path of the checkpoint.
  const std::filesystem::path& checkpoint() const { return path_; }

  class Iterator;
  /// The end of a range-for loop.
  struct End {};
  // For range-for loops over the batches.
  Iterator begin();
  End end() const { return {}; }

 private:
  struct Track;  // a curve, and the sum over the current part
  class Watch;   // for signals
  Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Loader* loader,
          Index total, Index section, const std::string& unit);
  State state(std::vector<std::uint64_t>& positions) const;
  Notes settings() const;
  void agree(Agreement values) const;
  void save();
  void resume();
  void end_step();

  Session session_;
  std::string name_, unit_;  // "epoch" or "steps"
  std::filesystem::path path_;
  std::vector<Kept> kept_;
  Loader* loader_;
  const Batch* batch_ = nullptr;
  Index total_, section_, piece_, done_ = 0;
  bool under_way_ = false;  // a step has begun and is not yet counted
  std::vector<Track> tracks_;
  std::unique_ptr<Progress> bar_;
  std::unique_ptr<Watch> watch_;
};

/// Yields the trainer's batches in a range-for loop. Throws Error for a training measured in steps.
class Trainer::Iterator {
 public:
  // The operations of a range-for loop.
  explicit Iterator(Trainer& trainer) : trainer_(trainer) { ++*this; }
  const Batch& operator*() const { return *trainer_.batch_; }
  Iterator& operator++() {
    done_ = !trainer_.next();
    return *this;
  }
  friend bool operator==(const Iterator& iterator, End) { return iterator.done_; }

 private:
  Trainer& trainer_;
  bool done_ = false;
};

}  // namespace gradus
