#pragma once
// Ema: an exponential moving average of a module's weights (and buffers); samples from it are better than
// from the last weights.
#include "gradus/nn/module.hpp"

namespace gradus {

/// average = decay average + (1 - decay) weights, after every step. Polyak, Juditsky 1992.
class Ema {
 public:
  /// Starts as a copy of the module's state. Throws Error unless 0 <= decay < 1.
  Ema(Module& module, Real decay);
  void update();
  State state() { return average_; }

  /// While in scope, the module holds the averaged weights; afterwards its own again.
  class Applied {
   public:
    explicit Applied(Ema& ema) : ema_(ema) { ema_.exchange(); }
    ~Applied() { ema_.exchange(); }
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    Ema& ema_;
  };

 private:
  void exchange();

  State weights_, average_;
  Real decay_;
};

}  // namespace gradus
