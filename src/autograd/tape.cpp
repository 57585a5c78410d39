#include "gradus/autograd/tape.hpp"

#include <atomic>
#include <memory>
#include <ostream>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

thread_local Tape* active_tape = nullptr;
std::atomic<std::uint64_t> next_id{1};

using Clock = std::chrono::steady_clock;
double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

Tape::Tape() : id_(next_id.fetch_add(1)), outer_(active_tape) {
  steps_.reserve(64);
  active_tape = this;
}

Tape::~Tape() { active_tape = outer_; }

Tape* Tape::active() { return active_tape; }

Var::Var(Parameter& parameter) : value_(parameter.value) {
  if (active_tape && !parameter.frozen()) *this = active_tape->leaf(parameter);
}

Var Tape::leaf(Parameter& parameter) {
  if (parameter.tape_ != id_) {
    parameter.tape_ = id_;
    parameter.node_ = static_cast<int>(steps_.size());
    Step step;
    step.op = "Parameter";
    step.shape = parameter.value.shape();
    step.parameter = &parameter;
    steps_.push_back(std::move(step));
  }
  return Var(parameter.value, id_, parameter.node_);
}

Tape::Inputs Tape::inputs_of(std::span<const Var* const> inputs, std::string_view op) const {
  Inputs result;
  result.nodes.reserve(inputs.size());
  result.shapes.reserve(inputs.size());
  for (const Var* input : inputs) {
    GRADUS_CHECK(input->node_ < 0 || input->tape_ == id_, op, ": the input of shape ", input->shape(),
                 " belongs to another tape (one that has ended, or an outer one); pass it as a constant with "
                 ".detach(), or compute it under this tape");
    result.nodes.push_back(input->node_);
    result.shapes.push_back(input->shape());
    result.any = result.any || input->node_ >= 0;
  }
  return result;
}

Var Tape::push(Tensor value, Inputs inputs, Backward backward, std::string_view op,
               Clock::duration forward_time) {
  GRADUS_CHECK(!walked_, op,
               ": this tape has been walked backwards already; open a new Tape for the next step");
  Step step;
  step.op = op;
  step.shape = value.shape();
  step.inputs = std::move(inputs.nodes);
  step.input_shapes = std::move(inputs.shapes);
  step.backward = std::move(backward);
  step.forward_ms = milliseconds(forward_time);
  steps_.push_back(std::move(step));
  return Var(std::move(value), id_, static_cast<int>(steps_.size()) - 1);
}

std::vector<Tensor> Tape::gradients(Step& step, const Tensor& dy) {
  GRADUS_CHECK(step.backward, "Tape::gradients: a ", step.op,
               step.parameter ? " is a leaf: no op made it" : " has been asked before: once a step");
  GRADUS_CHECK(dy, "Tape::gradients: dy of a ", step.op, " is empty: the loss does not depend on it");
  const auto start = Clock::now();
  const std::size_t count = step.inputs.size();
  std::vector<Tensor> grads(count);
  const std::unique_ptr<bool[]> needs(new bool[count]);
  for (std::size_t i = 0; i < count; ++i) needs[i] = step.inputs[i] >= 0;
  step.backward(dy, {needs.get(), count}, grads);
  for (std::size_t i = 0; i < count; ++i) {
    if (!needs[i]) grads[i] = {};  // computed all the same
    GRADUS_CHECK(!grads[i] || grads[i].shape() == step.input_shapes[i], step.op, "::backward: gradient ", i,
                 " has the shape ", grads[i].shape(), ", its input has ", step.input_shapes[i]);
  }
  step.backward = nullptr;  // the saved tensors go back to the pool now, not at the end
  step.backward_ms = milliseconds(Clock::now() - start);
  return grads;
}

void Tape::print(std::ostream& out) const {
  const auto row = [&out](const std::string& number, std::string_view op, const std::string& shape,
                          const std::string& inputs, const std::string& bytes, const std::string& forward,
                          const std::string& backward) {
    out << pad_left(number, 4) + "  " + pad_right(std::string(op), 18) + ' ' + pad_right(shape, 18) + ' ' +
               pad_right(inputs, 34) + ' ' + pad_left(bytes, 10) + ' ' + pad_left(forward, 9) + ' ' +
               pad_left(backward, 9) + '\n';
  };
  row("step", "op", "output", "inputs", "bytes", "ms fwd", "ms bwd");
  double forward = 0, backward = 0;
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const Step& step = steps_[s];
    std::string inputs;
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      if (i) inputs += " ";
      inputs += step.inputs[i] < 0 ? text("const", step.input_shapes[i])
                                   : text("#", step.inputs[i], step.input_shapes[i]);
    }
    if (inputs.size() > 60) inputs.replace(57, inputs.npos, "...");  // concat of many: a row stays a row
    row(text(s), step.op, step.shape.str(), inputs,
        text(step.shape.size() * static_cast<Index>(sizeof(Real))), fixed(step.forward_ms, 3),
        fixed(step.backward_ms, 3));
    forward += step.forward_ms;
    backward += step.backward_ms;
  }
  row("", "total", "", "", "", fixed(forward, 3), fixed(backward, 3));
}

}  // namespace gradus
