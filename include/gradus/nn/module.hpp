#pragma once
// Module: parameters and buffers with names, in a tree. A layer registers by construction, so it cannot be
// forgotten.
#include <string>
#include <utility>
#include <vector>

#include "gradus/autograd/var.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// struct Encoder : Module {
///   Linear hidden{*this, "hidden", 784, 400};
///   using Module::Module;
/// };
class Module {
 public:
  /// A root: its layers draw their initial weights from this generator.
  explicit Module(Rng& rng) : rng_(&rng) {}
  /// A child under its name. Throws Error when the parent has that name already.
  Module(Module& parent, const std::string& name);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Parameters of this module and all below it, in order of construction, with names like
  /// "encoder.hidden.w".
  std::vector<std::pair<std::string, Parameter*>> named_parameters();
  std::vector<Parameter*> parameters();
  Index parameter_count();
  /// The dotted name of a parameter of this tree; empty for a stranger.
  std::string name_of(const Parameter& parameter);
  /// Parameters, buffers (running statistics) and generators (dropout's), for checkpoints and averages.
  State state();
  /// How many tensors state() has.
  std::size_t tensor_count() const;
  /// This module and all below it, in order of construction.
  std::vector<Module*> modules();

  /// Training or evaluation, for layers that differ (dropout, batch norm); reaches every child.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const { return training_; }

 protected:
  ~Module();
  void add_parameter(const std::string& name, Parameter& parameter);
  /// `buffer` is a member: state() follows when another tensor is assigned to it.
  void add_buffer(const std::string& name, Tensor& buffer);
  void add_generator(const std::string& name, Rng& generator);
  /// The generator that initial weights come from.
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

/// While in scope, the module's parameters are constants: gradients pass through it, none arrive in it.
/// GAN training: the generator's step runs with `const Frozen constant{discriminator};`.
class Frozen {
 public:
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

/// While in scope, the module and all below it are in evaluation mode; afterwards each in the mode it was in.
class EvalMode {
 public:
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
