#include "gradus/nn/module.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"

namespace gradus {

Module::Module(Module& parent, const std::string& name)
    : parent_(&parent), rng_(parent.rng_), training_(parent.training_) {
  parent.claim(name);
  parent.children_.emplace_back(name, this);
}

Module::~Module() {
  if (!parent_) return;
  auto& siblings = parent_->children_;
  const auto self = std::find_if(siblings.begin(), siblings.end(),
                                 [this](const auto& child) { return child.second == this; });
  if (self == siblings.end()) return;
  std::erase(parent_->names_, self->first);
  siblings.erase(self);
}

void Module::claim(const std::string& name) {
  GRADUS_CHECK(!name.empty() && name.find('.') == name.npos,
               "Module: a name must not be empty or contain a dot, got \"", name, "\"");
  GRADUS_CHECK(std::find(names_.begin(), names_.end(), name) == names_.end(), "Module: the name \"", name,
               "\" is taken already");
  names_.push_back(name);
}

void Module::add_parameter(const std::string& name, Parameter& parameter) {
  claim(name);
  parameters_.emplace_back(name, &parameter);
}

void Module::add_buffer(const std::string& name, Tensor& buffer) {
  claim(name);
  buffers_.emplace_back(name, &buffer);
}

void Module::add_generator(const std::string& name, Rng& generator) {
  claim(name);
  generators_.emplace_back(name, &generator);
}

std::vector<Module*> Module::modules() {
  std::vector<Module*> all{this};
  for (auto& [name, child] : children_)
    for (Module* part : child->modules()) all.push_back(part);
  return all;
}

std::vector<Tensor*> Module::buffers() {
  std::vector<Tensor*> all;
  for (Module* part : modules())
    for (auto& [name, buffer] : part->buffers_) all.push_back(buffer);
  return all;
}

std::vector<Rng*> Module::generators() {
  std::vector<Rng*> all;
  for (Module* part : modules())
    for (auto& [name, generator] : part->generators_) all.push_back(generator);
  return all;
}

std::vector<std::pair<std::string, Parameter*>> Module::named_parameters() {
  auto all = parameters_;
  for (auto& [name, child] : children_)
    for (auto& [inner, parameter] : child->named_parameters())
      all.emplace_back(name + "." + inner, parameter);
  return all;
}

std::vector<Parameter*> Module::parameters() {
  std::vector<Parameter*> all;
  for (auto& [name, parameter] : named_parameters()) all.push_back(parameter);
  return all;
}

Index Module::parameter_count() {
  Index count = 0;
  for (const Parameter* parameter : parameters()) count += parameter->value.size();
  return count;
}

std::size_t Module::tensor_count() const {
  std::size_t count = parameters_.size() + buffers_.size();
  for (const auto& [name, child] : children_) count += child->tensor_count();
  return count;
}

std::string Module::name_of(const Parameter& wanted) {
  for (auto& [name, parameter] : named_parameters())
    if (parameter == &wanted) return name;
  return {};
}

State Module::state() {
  State state;
  for (auto& [name, parameter] : parameters_) state.add(name, parameter->value);
  for (auto& [name, buffer] : buffers_) state.add(name, *buffer);
  for (auto& [name, generator] : generators_) state.add(name, *generator);
  for (auto& [name, child] : children_) state.add(name, child->state());
  return state;
}

void Module::train(bool on) {
  training_ = on;
  for (auto& [name, child] : children_) child->train(on);
}

}  // namespace gradus
