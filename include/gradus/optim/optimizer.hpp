#pragma once
// Optimizers: Sgd, Adam. All have zero_grad, step, state and a learning rate `lr` that can be set.
// `add` registers further parameters, for networks that grow.
//
// A parameter's value may be replaced by a tensor of the same shape. Constructors throw Error when an option
// is outside its range. step throws Error when the learning rate is outside its range, when a parameter or
// its gradient has another shape than when the parameter was registered, or when no parameter has a gradient
// (backward was not called). Parameters without a gradient are not changed.
#include <deque>
#include <functional>
#include <vector>

#include "gradus/autograd/var.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// Clears every gradient; the next backward pass reuses their memory.
void zero_grad(const std::vector<Parameter*>& parameters);

/// Square root of the sum of squares over all gradients; parameters without a gradient count as zero.
Real gradient_norm(const std::vector<Parameter*>& parameters);

/// Scales all gradients by limit / norm when their norm exceeds the limit. Returns the norm before scaling.
/// Throws Error when limit <= 0 and, before any gradient is changed, when the norm is NaN or infinite: no
/// factor repairs such gradients, and a step with them would corrupt every parameter (PyTorch:
/// error_if_nonfinite = True). Pascanu, Mikolov, Bengio 2013.
Real clip_gradient_norm(const std::vector<Parameter*>& parameters, Real limit);

/// The two operations of an optimizer that a training step needs.
/// Converts from Sgd, Adam, or any class with zero_grad() and step().
struct Optimizer {
  /// Refers to the object, which must outlive this one.
  template <class Any>
  requires requires(Any& any) {
    any.zero_grad();
    any.step();
  }
  Optimizer(Any& any) : zero_grad([&any] { any.zero_grad(); }), step([&any] { any.step(); }) {}  // NOLINT
  std::function<void()> zero_grad;  ///< clears all gradients
  std::function<void()> step;       ///< moves the parameters against their gradients
};

/// Stochastic gradient descent with momentum: v = momentum v + g,   p = p - lr v
class Sgd {
 public:
  /// The settings and their ranges.
  struct Options {
    Real lr = Real(0.01);  ///< finite, not negative
    Real momentum = 0;     ///< in [0, 1)
  };
  /// Registers the parameters. Throws Error when an option is outside its range.
  Sgd(const std::vector<Parameter*>& parameters, Options options);
  /// Registers further parameters; those that are registered already are ignored.
  void add(const std::vector<Parameter*>& parameters);
  /// Clears the gradients of all registered parameters.
  void zero_grad() { gradus::zero_grad(parameters_); }
  /// One update of all parameters with a gradient. Throws Error when none has one, when a shape has changed,
  /// or when lr is not finite or negative.
  void step();
  /// The velocities, for checkpoints.
  State state();

  Real lr;  ///< the learning rate of the next step

 private:
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> velocity_;
  Real momentum_;
};

/// m = b1 m + (1 - b1) g                 v = b2 v + (1 - b2) g^2
/// p = p - lr m^ / (sqrt(v^) + eps)      m^ = m / (1 - b1^t),  v^ = v / (1 - b2^t)
/// Kingma, Ba: "Adam", ICLR 2015, algorithm 1. The update is a single pass over memory. Averages below 1e-36
/// become 0, which changes no update while eps is above 1e-17. t counts the steps since the parameter was
/// registered; state() has a counter "start<i>" for each parameter registered by `add`.
///
/// Adam with decoupled_weight_decay above 0 is AdamW (PyTorch's AdamW: 0.01): p = (1 - lr decay) p before the
/// step, so the decay does not pass through m and v as an L2 term of the loss would. Loshchilov, Hutter:
/// "Decoupled weight decay regularization", ICLR 2019.
class Adam {
 public:
  /// The settings and their ranges.
  struct Options {
    Real lr = Real(1e-3);                         ///< finite, not negative
    Real beta1 = Real(0.9), beta2 = Real(0.999);  ///< in [0, 1)
    Real eps = Real(1e-8);                        ///< finite, not negative
    Real decoupled_weight_decay = 0;              ///< finite, not negative
  };
  /// Registers the parameters. Throws Error when an option is outside its range.
  Adam(const std::vector<Parameter*>& parameters, Options options);
  /// The same with the default settings.
  Adam(const std::vector<Parameter*>& parameters) : Adam(parameters, Options()) {}  // NOLINT
  /// Registers further parameters; those that are registered already are ignored.
  void add(const std::vector<Parameter*>& parameters);
  /// Clears the gradients of all registered parameters.
  void zero_grad() { gradus::zero_grad(parameters_); }
  /// One update of all parameters with a gradient. Throws Error when none has one, when a shape has changed,
  /// or when lr is not finite or negative.
  void step();
  /// The averages m and v and the step counters, for checkpoints.
  State state();

  Real lr;  ///< the learning rate of the next step

 private:
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> m_, v_;
  Options options_;
  std::uint64_t steps_ = 0;
  std::deque<std::uint64_t> starts_;  ///< steps_ when each parameter was registered: t counts from there
  std::size_t constructed_ = 0;       ///< number of parameters given to the constructor
};

}  // namespace gradus
