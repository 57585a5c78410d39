#pragma once
// Module: named parameters and buffers in a tree.
// A layer is registered by its constructor, so it cannot be omitted.
#include <string>
#include <utility>
#include <vector>

#include "gradus/autograd/var.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// A network or a part of one. Layers are members:
///
///     struct Encoder : Module {
///       Linear hidden{*this, "hidden", 784, 400};
///       using Module::Module;
///     };
class Module {
 public:
  /// A root module. Its layers draw their initial weights from `rng`.
  explicit Module(Rng& rng) : rng_(&rng) {}
  /// A child of `parent`.
  /// Throws Error when the name is empty, contains a dot or is already used in the parent.
  Module(Module& parent, const std::string& name);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The parameters of this module and its descendants in order of construction,
  /// with names like "encoder.hidden.w".
  std::vector<std::pair<std::string, Parameter*>> named_parameters();
  /// The same without names.
  std::vector<Parameter*> parameters();
  /// Total number of elements of all parameters.
  Index parameter_count();
  /// The dotted name of a parameter of this tree; empty for any other parameter.
  std::string name_of(const Parameter& parameter);
  /// Parameters, buffers (running statistics) and generators (of dropout), for checkpoints and averages.
  State state();
  /// Number of tensors in state().
  std::size_t tensor_count() const;
  /// The tensors of this module and its descendants that are no parameters: running statistics.
  std::vector<Tensor*> buffers();
  /// The generators of this module and its descendants (of dropout).
  std::vector<Rng*> generators();
  /// This module and its descendants, in order of construction.
  std::vector<Module*> modules();

  /// Switches this module and its descendants to training or evaluation mode, which matters for dropout and
  /// norms with running statistics.
  void train(bool on = true);
  /// Switches to evaluation mode: train(false).
  void eval() { train(false); }
  /// True in training mode, as after construction.
  bool training() const { return training_; }

 protected:
  ~Module();
  // Registration, for constructors. Throw Error for an invalid name, as the constructor of a child does.
  void add_parameter(const std::string& name, Parameter& parameter);
  void add_generator(const std::string& name, Rng& generator);

  /// Registers a tensor that is no parameter, likewise. `buffer` is a member: state() follows it when another
  /// tensor is assigned.
  void add_buffer(const std::string& name, Tensor& buffer);

  /// The generator of the initial weights.
  Rng& rng() { return *rng_; }

 private:
  friend class EvalMode;
  void claim(const std::string& name);

  Module* parent_ = nullptr;
  Rng* rng_;
  bool training_ = true;
  std::vector<std::string> names_;
  std::vector<std::pair<std::string, Parameter*>> parameters_;
  std::vector<std::pair<std::string, Tensor*>> buffers_;
  std::vector<std::pair<std::string, Rng*>> generators_;
  std::vector<std::pair<std::string, Module*>> children_;
};

/// While in scope, the module's parameters are constants: gradients pass through the module but are not
/// computed for its parameters. The generator's step of a GAN uses `const Frozen constant{discriminator};`.
class Frozen {
 public:
  /// Freezes every parameter of the module.
  explicit Frozen(Module& module) : parameters_(module.parameters()) {
    for (Parameter* parameter : parameters_) parameter->freeze();
  }
  ~Frozen() {
    for (Parameter* parameter : parameters_) parameter->unfreeze();
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  std::vector<Parameter*> parameters_;
};

/// While in scope, the module and its descendants are in evaluation mode;
/// the destructor restores each one's mode.
class EvalMode {
 public:
  /// Switches every part of the module.
  explicit EvalMode(Module& module) {
    for (Module* part : module.modules()) before_.emplace_back(part, part->training_);
    module.eval();
  }
  ~EvalMode() {
    for (auto& [part, training] : before_) part->training_ = training;
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<Module*, bool>> before_;
};

}  // namespace gradus
