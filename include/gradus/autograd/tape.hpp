#pragma once
// Tape: the list of what was computed, in order of execution; walked backwards it gives every gradient.
//
//   step      0: x W + b      1: relu      2: ...      n: loss
//   forward   ------------------------------------------>
//   backward  <------------------------------------------     dL/d(input) from dL/d(output), one step at a
//   time
//
// A step can only use values that were there before it, so the list is its own topological order: no sorting,
// no recursion, no visited set. 6.S191 L4 trains everything with this one loop.
#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string_view>
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// A recorded op with its saved tensors: turns dL/dy into one gradient an input, where one is needed.
using Backward = std::function<void(const Tensor& dy, std::span<const bool> needs, std::span<Tensor> grads)>;

/// An input (or the output: number -1) that an op has kept for its backward pass.
struct Saved {
  Storage storage;
  std::uint32_t version;  ///< at the end of the forward pass
  int input;
};

/// One line of the tape. What it needs for the backward pass is dropped as soon as that pass has visited it.
struct Step {
  std::string_view op;      ///< "LinearOp", "maximum": see op.hpp; "Parameter" for a leaf
  Shape shape;              ///< of the output
  std::vector<int> inputs;  ///< steps that made the inputs; -1 for a constant
  std::vector<Shape> input_shapes;
  Parameter* parameter = nullptr;  ///< of a leaf
  Backward backward;
  std::vector<Saved> saved;
  Tensor grad;  ///< dL/d(output) while the backward pass is under way
  double forward_ms = 0, backward_ms = 0;
};

/// sum += grad, where an empty sum is 0. A buffer that another handle sees is not written into.
/// Throws Error when grad is empty, or sum has another shape.
void accumulate(Tensor& sum, Tensor grad);

/// While a Tape is in scope, ops on this thread are recorded on it; tapes nest, the innermost one records.
/// When it ends, its memory returns to the pool.
///
/// Threads: each thread has tapes of its own, and a parameter belongs to one thread while a tape of that
/// thread that has recorded it is in scope; another thread's tape refuses it with an Error. Threads that
/// train at the same time need a module each.
class Tape {
 public:
  Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// dL/dp into every Parameter p that the loss depends on (set if empty, added otherwise).
  /// Throws Error when the loss is not of shape [1], no parameter reaches it, this tape has been walked
  /// already, a parameter that it depends on has another shape than in the forward pass, or a tensor that an
  /// op has kept was changed after the forward pass (Tensor::touch).
  void backward(const Var& loss);

  /// A table: step, op, shapes, bytes of the output, milliseconds forward and backward.
  void print(std::ostream& out) const;
  std::span<const Step> steps() const { return steps_; }

  /// The innermost tape of this thread, or null.
  static Tape* active();

  /// While on, in all threads, the first op under a tape whose output has a NaN or an infinity throws Error
  /// with its name and says whether its inputs were finite; the first backward with such a gradient likewise.
  /// Reads every output once more, so it is off at the start; lecture programs switch it on with
  /// --check-numbers.
  static void check_numbers(bool on);

  // What record() needs
  // ---------------------------------------------------------------------------------------
  struct Inputs {
    std::vector<int> nodes;
    std::vector<Shape> shapes;
    std::vector<std::uint32_t> handles;  ///< of each input, before the forward pass
    std::vector<const Storage*> storages;
    bool any = false;  ///< some input needs a gradient
  };
  /// Throws Error, naming the op, for an input that is an empty Tensor() and not optional.
  static void check_inputs(std::span<const Var* const> inputs, std::span<const bool> optional,
                           std::string_view op);
  /// Throws Error when an input belongs to a tape that is not this one.
  Inputs inputs_of(std::span<const Var* const> inputs, std::string_view op) const;
  Var push(Tensor value, Inputs inputs, Backward backward, std::string_view op,
           std::chrono::steady_clock::duration forward_time);
  Var leaf(Parameter& parameter);
  static bool checks_numbers();
  /// Throws Error, as check_numbers says, when a number of `value` is not finite.
  static void check_output(std::string_view op, const Tensor& value, std::span<const Var* const> inputs);

 private:
  /// Throws Error when a parameter that this step depends on has a value, or already a gradient, of another
  /// shape than in the forward pass.
  void check_leaves(int last) const;
  /// What the op's backward gives, one gradient an input, from dy = dL/d(output); empty where none flows. The
  /// step's saved tensors are dropped: once a step. Throws Error when a gradient has not its input's shape.
  static std::vector<Tensor> gradients(Step& step, const Tensor& dy);

  std::uint64_t id_;
  Tape* outer_;
  std::uint64_t outermost_;  ///< id of this thread's first tape in scope
  bool walked_ = false;
  std::vector<Step> steps_;
};

}  // namespace gradus
