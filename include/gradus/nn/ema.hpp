#pragma once
// Ema: an exponential moving average of a module's weights (and buffers).
// Samples from the averaged weights are better than samples from the last ones.
#include <cstdint>

#include "gradus/nn/module.hpp"

namespace gradus {

/// average = decay average + (1 - decay) weights, after every step. Polyak, Juditsky 1992.
///
/// With a warm-up, step n = 1, 2, .. uses min(decay, n / (n + 9)): a decay of 0.999 alone keeps the initial
/// weights for a thousand steps, and short trainings would sample from them.
class Ema {
 public:
  /// Starts as a copy of the module's state. The module must outlive the Ema.
  /// Throws Error unless 0 <= decay < 1.
  Ema(Module& module, Real decay, bool warm_up = false);
  Ema(const Ema&) = delete;
  Ema& operator=(const Ema&) = delete;
  /// One step of the average. Parameters and buffers may have been replaced by tensors of the same shape.
  /// Throws Error when a shape or the number of the module's tensors has changed, or inside an Applied.
  void update();
  /// The averages, for checkpoints; with a warm-up, also the number of steps.
  State state() { return average_; }

  /// While in scope, the module holds the averaged weights; the destructor restores its own.
  class Applied {
   public:
    /// Exchanges the weights. Throws Error as update() does: a second exchange would undo the first.
    explicit Applied(Ema& ema) : ema_(ema) {
      ema_.follow();
      ema_.exchange();
      ema_.applied_ = true;
    }
    ~Applied() {
      ema_.exchange();
      ema_.applied_ = false;
    }
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    Ema& ema_;
  };

 private:
  /// Renews the handles on the module's tensors.
  void follow() {
    GRADUS_CHECK(!applied_, "Ema: the module holds the averaged weights already (Ema::Applied)");
    GRADUS_CHECK(module_.tensor_count() == weights_.tensors.size(), "Ema: the module has ",
                 module_.tensor_count(), " tensors, and had ", weights_.tensors.size(),
                 " when the average began; make a new Ema");
    weights_.refresh();
  }
  void exchange();

  Module& module_;
  State weights_, average_;
  Real limit_, decay_;  // the decay after the warm-up, and that of the current step
  bool warm_up_, applied_ = false;
  std::uint64_t steps_ = 0;  // counted during a warm-up only
};

}  // namespace gradus
