#pragma once
// Ema: an exponential moving average of a module's weights (and buffers); samples from it are better than
// from the last weights.
#include "gradus/nn/module.hpp"

namespace gradus {

/// average = decay average + (1 - decay) weights, after every step. Polyak, Juditsky 1992.
class Ema {
 public:
  /// Starts as a copy of the state of the module, which must outlive this. Throws Error unless 0 <= decay
  /// < 1.
  Ema(Module& module, Real decay);
  /// One step of the average. Parameters and buffers that were replaced since are followed. Throws Error when
  /// one has another shape now, or the module has got more tensors or fewer.
  void update();
  State state() { return average_; }

  /// While in scope, the module holds the averaged weights; afterwards its own again.
  class Applied {
   public:
    explicit Applied(Ema& ema) : ema_(ema) {
      ema_.follow();
      ema_.exchange();
    }
    ~Applied() { ema_.exchange(); }
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    Ema& ema_;
  };

 private:
  /// Takes the handles of the tensors that the module has now.
  void follow() {
    GRADUS_CHECK(module_.tensor_count() == weights_.tensors.size(), "Ema: the module has ",
                 module_.tensor_count(), " tensors, and had ", weights_.tensors.size(),
                 " when the average began; make a new Ema");
    weights_.refresh();
  }
  void exchange();

  Module& module_;
  State weights_, average_;
  Real decay_;
};

}  // namespace gradus
