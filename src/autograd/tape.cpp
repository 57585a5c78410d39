#include "gradus/autograd/tape.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <ostream>
#include <tuple>
#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

thread_local Tape* active_tape = nullptr;
thread_local std::function<void()> during_backward;  // of DuringBackward; empty: nothing to call
std::atomic<std::uint64_t> next_id{1};
std::atomic<bool> numbers_checked = false;

/// "element 5 of [2, 3] is nan", or an empty string when all elements are finite.
std::string broken_number(const Tensor& x) {
  for (Index i = 0; i < x.size(); ++i)
    if (!std::isfinite(x[i])) return text("element ", i, " of ", x.shape(), " is ", x[i]);
  return {};
}

/// The outermost tapes in scope, over all threads. A parameter that one of them has recorded belongs to the
/// thread of that tape.
class Outermost {
 public:
  void add(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    ids_.push_back(id);
  }
  void remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    std::erase(ids_, id);
  }
  bool contains(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    return std::find(ids_.begin(), ids_.end(), id) != ids_.end();
  }
  /// Never destroyed: a tape may have static lifetime.
  static Outermost& instance() {
    static Outermost* all = new Outermost;
    return *all;
  }

 private:
  std::mutex mutex_;
  std::vector<std::uint64_t> ids_;
};

using Clock = std::chrono::steady_clock;

/// The name that users call: "max_pool2d" for the op MaxPool2d.
std::string called(std::string_view op) {
  if (op.ends_with("Op")) op.remove_suffix(2);
  std::string name;
  for (const char c : op) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !name.empty()) name += '_';
    name += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

/// The inputs and the output that the op has saved: after its forward pass their buffers have more handles
/// than the caller's. (A handle that another thread releases at the same time can hide one.)
std::vector<Saved> saved_tensors(const Tape::Inputs& inputs, const Storage& output) {
  std::vector<Saved> saved;
  bool view = false;  // the output shares an input's buffer
  for (std::size_t i = 0; i < inputs.storages.size(); ++i) {
    const Storage& storage = *inputs.storages[i];
    view = view || storage.shares(output);
    if (storage.handles() > inputs.handles[i] + (storage.shares(output) ? 1 : 0))
      saved.push_back({storage, storage.version(), static_cast<int>(i)});
  }
  if (!view && output.handles() > 1) saved.push_back({output, output.version(), -1});
  return saved;
}

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

Tape::Tape() : id_(next_id.fetch_add(1)), outer_(active_tape), outermost_(outer_ ? outer_->outermost_ : id_) {
  steps_.reserve(64);
  if (!outer_) Outermost::instance().add(id_);
  active_tape = this;
}

Tape::~Tape() {
  active_tape = outer_;
  if (!outer_) Outermost::instance().remove(id_);
}

Tape* Tape::active() { return active_tape; }

NoTape::NoTape() : paused_(std::exchange(active_tape, nullptr)) {}
NoTape::~NoTape() { active_tape = paused_; }

DuringBackward::DuringBackward(std::function<void()> each) { during_backward = std::move(each); }
DuringBackward::~DuringBackward() { during_backward = nullptr; }

void Tape::check_numbers(bool on) { numbers_checked = on; }
bool Tape::checks_numbers() { return numbers_checked.load(std::memory_order_relaxed); }

void Tape::check_output(std::string_view op, const Tensor& value, std::span<const Var* const> inputs) {
  const std::string broken = broken_number(value);
  if (broken.empty()) return;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (const std::string before = broken_number(inputs[i]->value()); !before.empty())
      throw Error(text(called(op), ": the output is not finite (", broken, "), because input ", i,
                       " is not finite (", before, "), a ",
                       inputs[i]->tracked() ? "parameter that an earlier training step made non-finite"
                                            : "constant, such as data"));
  throw Error(text(called(op), ": the first non-finite number arises here: ", broken,
                   " in the output; all inputs are finite"));
}

Var::Var(Parameter& parameter) : value_(parameter.value) {
  if (active_tape && !parameter.frozen()) *this = active_tape->leaf(parameter);
}

Var Tape::leaf(Parameter& parameter) {
  std::uint64_t owner = parameter.owner_.load(std::memory_order_acquire);
  while (owner != outermost_) {
    GRADUS_CHECK(owner == 0 || !Outermost::instance().contains(owner), "Tape: the parameter of shape ",
                 parameter.value.shape(),
                 " is in use on a tape of another thread; threads that train concurrently need separate "
                 "modules");
    if (parameter.owner_.compare_exchange_weak(owner, outermost_, std::memory_order_acq_rel)) break;
  }
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

Var Tape::watch(const Tensor& x) {
  GRADUS_CHECK(x, "Tape::watch: the tensor is empty");
  GRADUS_CHECK(!walked_, "Tape::watch: backward has already run on this tape; open a new Tape");
  return leaf(watched_.emplace_back(x));
}

Tensor Tape::grad(const Var& x) const {
  GRADUS_CHECK(walked_, "Tape::grad: call backward first");
  const bool here = x.tape_ == id_ && x.node_ >= 0;
  const Parameter* made_from = here ? steps_[static_cast<std::size_t>(x.node_)].parameter : nullptr;
  for (const Parameter& watched : watched_)
    if (&watched == made_from) return watched.grad ? watched.grad : Tensor::zeros(watched.value.shape());
  throw Error(text("Tape::grad: the variable of shape ", x.shape(), " was not made by watch() of this tape"));
}

void Tape::check_inputs(std::span<const Var* const> inputs, std::span<const bool> optional,
                        std::string_view op) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    GRADUS_CHECK(inputs[i]->value() || (i < optional.size() && optional[i]), called(op), ": input ", i,
                 " is an empty Tensor(), a variable that was never set");
}

void Tape::check_leaves(int last) const {
  std::vector<bool> reached(steps_.size());
  reached[static_cast<std::size_t>(last)] = true;
  for (std::size_t s = static_cast<std::size_t>(last) + 1; s-- > 0;) {
    if (!reached[s]) continue;
    const Step& step = steps_[s];
    for (const int input : step.inputs)
      if (input >= 0) reached[static_cast<std::size_t>(input)] = true;
    if (!step.parameter) continue;
    const auto& [value, grad] = std::tie(step.parameter->value, step.parameter->grad);
    GRADUS_CHECK(value.shape() == step.shape && (!grad || grad.shape() == step.shape),
                 "Tape::backward: a parameter was ", step.shape, " in the forward pass, its value is ",
                 value.shape(), " now and its gradient ", grad.shape(),
                 "; replace a parameter between training steps, and call zero_grad() after it");
  }
}

Tape::Inputs Tape::inputs_of(std::span<const Var* const> inputs, std::string_view op) const {
  Inputs result;
  result.nodes.reserve(inputs.size());
  result.shapes.reserve(inputs.size());
  result.storages.reserve(inputs.size());
  result.handles.reserve(inputs.size());
  for (const Var* input : inputs) {
    GRADUS_CHECK(input->node_ < 0 || input->tape_ == id_, called(op), ": the input of shape ", input->shape(),
                 " belongs to another tape (one that has ended, or an outer one); pass it as a constant with "
                 ".detach(), or compute it under this tape");
    result.nodes.push_back(input->node_);
    result.shapes.push_back(input->shape());
    result.storages.push_back(&input->value().storage());
    result.handles.push_back(input->value().storage().handles());
    result.any = result.any || input->node_ >= 0;
  }
  return result;
}

Var Tape::push(Tensor value, Inputs inputs, Backward backward, std::string_view op,
               Clock::duration forward_time) {
  GRADUS_CHECK(!walked_, called(op),
               ": backward has already run on this tape; open a new Tape for the next step");
  Step step;
  step.op = op;
  step.shape = value.shape();
  step.saved = saved_tensors(inputs, value.storage());
  step.inputs = std::move(inputs.nodes);
  step.input_shapes = std::move(inputs.shapes);
  step.backward = std::move(backward);
  step.forward_ms = milliseconds(forward_time);
  steps_.push_back(std::move(step));
  return Var(std::move(value), id_, static_cast<int>(steps_.size()) - 1);
}

std::vector<Tensor> Tape::gradients(Step& step, const Tensor& dy) {
  GRADUS_CHECK(step.backward, "Tape::gradients: a ", step.op,
               step.parameter ? " is a leaf: no op computed it" : " has already run backward");
  for (const Saved& saved : step.saved)
    GRADUS_CHECK(saved.storage.version() == saved.version, called(step.op), ": its ",
                 saved.input < 0 ? text("output ", step.shape)
                                 : text("input ", saved.input, " ",
                                        step.input_shapes[static_cast<std::size_t>(saved.input)]),
                 " was changed after the forward pass (an optimizer's step, or a write in place), so its "
                 "gradient would be wrong; call backward first, or change a clone()");
  GRADUS_CHECK(dy, "Tape::gradients: dy of a ", step.op, " is empty: the loss does not depend on it");
  if (during_backward) during_backward();
  const auto start = Clock::now();
  const std::size_t count = step.inputs.size();
  std::vector<Tensor> grads(count);
  const std::unique_ptr<bool[]> needs(new bool[count]);
  for (std::size_t i = 0; i < count; ++i) needs[i] = step.inputs[i] >= 0;
  step.backward(dy, {needs.get(), count}, grads);
  for (std::size_t i = 0; i < count; ++i) {
    if (!needs[i]) grads[i] = {};  // not needed, although the op computed it
    GRADUS_CHECK(!grads[i] || grads[i].shape() == step.input_shapes[i], step.op, "::backward: gradient ", i,
                 " has the shape ", grads[i].shape(), ", its input has ", step.input_shapes[i]);
    if (checks_numbers() && grads[i])
      if (const std::string broken = broken_number(grads[i]); !broken.empty())
        throw Error(text(step.op, "::backward: the first non-finite gradient arises here: ", broken,
                         ", of input ", i));
  }
  step.backward = nullptr, step.saved.clear();  // frees the tensors before the tape ends
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
    if (inputs.size() > 60) inputs.replace(57, inputs.npos, "...");  // shortens long rows (concat)
    row(text(s), step.op, step.shape.str(), inputs,
        text(step.shape.size() * static_cast<Index>(sizeof(Real))), fixed(step.forward_ms, 3),
        fixed(step.backward_ms, 3));
    forward += step.forward_ms;
    backward += step.backward_ms;
  }
  row("", "total", "", "", "", fixed(forward, 3), fixed(backward, 3));
}

}  // namespace gradus
