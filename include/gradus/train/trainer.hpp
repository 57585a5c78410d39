#pragma once
// Trainer: everything round a training loop that is not mathematics: batches, progress bar, checkpoints,
// Ctrl-C, loss curves. What is computed stays in the program.
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

namespace gradus {

/// Something that changes while training and must be in the checkpoint, under a name: a module, an optimizer,
/// an Ema, anything with `State state()`; a generator; a loader.
struct Kept {
  template <class Object>
  requires requires(Object& object) {
    { object.state() } -> std::same_as<State>;
  }
  Kept(const std::string& name_in, Object& object)
      : name(name_in), state([&object] { return object.state(); }) {}
  Kept(const std::string& name_in, Rng& rng) : name(name_in), state([&rng] { return state_of(rng); }) {}
  Kept(const std::string& name_in, Loader& loader_in) : name(name_in), loader(&loader_in) {}

  std::string name;
  std::function<State()> state{};  ///< asked anew for every checkpoint; empty for a loader
  Loader* loader = nullptr;

 private:
  static State state_of(Rng& rng);
};

/// The program around a training: where checkpoints go, and what must be equal in a run that resumes one.
struct Session {
  std::string name{};              ///< of the program, for messages
  std::filesystem::path folder{};  ///< of the checkpoints
  Rng& rng;                        ///< the program's generator; its position is part of the checkpoint
  bool resume = false;
  Notes settings{};  ///< such as preset and seed
};

/// The length of a training that is told in steps, not in epochs.
struct Steps {
  Index count = 0;
  Index section = 0;  ///< steps between two checkpoints, with a progress bar each; 0: a tenth of all
};

/// A curve: averages over equal pieces of the training (at most about 200), `x` in epochs (in steps when the
/// training is told in steps), at the end of each piece.
struct Curve {
  std::string name;
  std::vector<double> x, y;
};

/// Training was stopped by a signal, after its state was saved. run_program turns it into the exit code.
class Interrupted : public std::runtime_error {
 public:
  Interrupted(int signal_in, const std::string& message) : std::runtime_error(message), signal(signal_in) {}
  int signal;
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
/// or over steps, when one loader is not the measure of things:
///
///     Trainer trainer(session, "gan", {{"g", g}, {"d", d}, ..., {"loader", loader}}, Steps{5000});
///     while (trainer.next()) { const Batch& real = loader.next(); ... }
///
/// The checkpoint `<folder>/<name>.safetensors` is written at the end of every epoch (section), and on
/// Ctrl-C, after the step under way, when the loop is left by the exception Interrupted. It has what is kept,
/// the session's generator, the place in the loop, and the curves. With `resume` the constructor loads it,
/// and the loop goes on at that step: the result has the same bits as a training that was never stopped. A
/// finished one is loaded, and the loop has no step to do. Without a checkpoint `resume` starts at the
/// beginning, and says so.
class Trainer {
 public:
  /// Epochs of a loader, which is put at its beginning.
  /// Throws Error when two kept names are equal, epochs < 1, and, with `resume`, when the checkpoint is
  /// broken or was made by another network, preset, seed, data set, or number of epochs.
  Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Loader& loader,
          Index epochs);
  Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Steps steps);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Ends the step under way and begins the next one: false when all are done. The range-for calls it.
  /// Throws Interrupted after Ctrl-C, and Error when a checkpoint cannot be written.
  bool next();

  /// Losses of this step: to the progress bar and into the curves. Throws Error, naming step and loss, when
  /// one is not finite.
  void report(Readings readings);

  Index step() const { return done_; }  ///< steps that are done: 0 in the first one
  Index steps() const { return total_; }
  Index epoch() const { return done_ / section_ + 1; }  ///< the one under way, from 1 (section, for Steps)
  /// Part of the training that is done, in [0, 1], for schedules: adam.lr = lr *
  /// cosine_decay(trainer.progress())
  double progress() const { return static_cast<double>(done_) / static_cast<double>(total_); }
  bool finished() const { return done_ == total_; }

  /// One curve a loss.
  std::vector<Curve> history() const;
  /// All curves in one plot; add axes and titles at will.
  Plot plot(const std::string& title) const;

  const std::filesystem::path& checkpoint() const { return path_; }

  class Iterator;
  struct End {};
  Iterator begin();
  End end() const { return {}; }

 private:
  struct Track;  // a curve, and the sum of the piece under way
  class Watch;   // for signals
  Trainer(const Session& session, const std::string& name, const std::vector<Kept>& kept, Loader* loader,
          Index total, Index section, const std::string& unit);
  State state(std::vector<std::uint64_t>& places) const;
  Notes settings() const;
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
  bool under_way_ = false;  // a step was handed out and not yet counted
  std::vector<Track> tracks_;
  std::unique_ptr<Progress> bar_;
  std::unique_ptr<Watch> watch_;
};

/// Hands the trainer's batches out to a range-for. Throws Error for a training told in steps.
class Trainer::Iterator {
 public:
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
