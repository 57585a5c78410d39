#pragma once
// Optimizers: Sgd, Adam, RmsProp. The same four verbs each: zero_grad, step, state, and a learning rate that
// can be set. `add` takes in more parameters, for networks that grow.
//
// A parameter whose value is replaced by a tensor of the same shape is followed. Constructors, add and step
// throw Error for a rate or another number outside its range, named there; step also when a parameter or its
// gradient has another shape than when the parameter was taken in, or no parameter has a gradient (backward
// was forgotten). Parameters without a gradient stay as they are.
#include <deque>
#include <vector>

#include "gradus/autograd/var.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// Drops every gradient; their memory is used again by the next backward pass.
void zero_grad(const std::vector<Parameter*>& parameters);

/// Square root of the sum of squares over all gradients; parameters without one count as zero.
Real gradient_norm(const std::vector<Parameter*>& parameters);

/// Scales all gradients by limit / norm when their norm is above the limit. Returns the norm before.
/// Throws Error, before any gradient is changed, when the norm is NaN or infinite: no factor repairs such
/// gradients, and a step with them would spoil every parameter (PyTorch: error_if_nonfinite = True).
/// Pascanu, Mikolov, Bengio 2013.
Real clip_gradient_norm(const std::vector<Parameter*>& parameters, Real limit);

/// v = momentum v + g,   p = p - lr v
class Sgd {
 public:
  struct Options {
    Real lr = Real(0.01);  ///< finite, not negative
    Real momentum = 0;     ///< in [0, 1)
  };
  Sgd(const std::vector<Parameter*>& parameters, Options options);
  void add(const std::vector<Parameter*>& parameters);
  void zero_grad() { gradus::zero_grad(parameters_); }
  void step();
  State state();

  Real lr;

 private:
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> velocity_;
  Real momentum_;
};

/// m = b1 m + (1 - b1) g                 v = b2 v + (1 - b2) g^2
/// p = p - lr m^ / (sqrt(v^) + eps)      m^ = m / (1 - b1^t),  v^ = v / (1 - b2^t)
/// Kingma, Ba: "Adam", ICLR 2015, algorithm 1. One pass over memory for all of it. Averages below 1e-36
/// become 0, which no update can tell while eps is above 1e-17. t counts the steps since the parameter was
/// taken in; a state has a counter "start<i>" for each parameter that `add` brought.
///
/// AdamW is Adam with decoupled_weight_decay above 0 (PyTorch's AdamW: 0.01): p = (1 - lr decay) p before the
/// step, so the decay does not pass through m and v as an L2 term of the loss would. Loshchilov, Hutter:
/// "Decoupled weight decay regularization", ICLR 2019.
class Adam {
 public:
  struct Options {
    Real lr = Real(1e-3);                         ///< finite, not negative
    Real beta1 = Real(0.9), beta2 = Real(0.999);  ///< in [0, 1)
    Real eps = Real(1e-8);                        ///< finite, not negative
    Real decoupled_weight_decay = 0;              ///< finite, not negative
  };
  Adam(const std::vector<Parameter*>& parameters, Options options);
  Adam(const std::vector<Parameter*>& parameters) : Adam(parameters, Options()) {}  // NOLINT
  void add(const std::vector<Parameter*>& parameters);
  void zero_grad() { gradus::zero_grad(parameters_); }
  void step();
  State state();

  Real lr;

 private:
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> m_, v_;
  Options options_;
  std::uint64_t steps_ = 0;
  std::deque<std::uint64_t> starts_;  ///< steps_ when each parameter came: t counts from there
  std::size_t constructed_ = 0;       ///< parameters that were there from the start
};

/// v = decay v + (1 - decay) g^2,   p = p - lr g / (sqrt(v) + eps)
/// Tieleman, Hinton: "Lecture 6.5 - rmsprop", 2012.
class RmsProp {
 public:
  struct Options {
    Real lr = Real(1e-3);     ///< finite, not negative
    Real decay = Real(0.99);  ///< in [0, 1)
    Real eps = Real(1e-8);    ///< finite, not negative
  };
  RmsProp(const std::vector<Parameter*>& parameters, Options options);
  void add(const std::vector<Parameter*>& parameters);
  void zero_grad() { gradus::zero_grad(parameters_); }
  void step();
  State state();

  Real lr;

 private:
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> v_;
  Options options_;
};

}  // namespace gradus
