#pragma once
// Tape: the list of executed ops in order of execution. Traversed backwards, it gives every gradient.
//
//   step      0: x W + b      1: relu      2: ...      n: loss
//   forward   ------------------------------------------>
//   backward  <------------------------------------------     dL/d(input) from dL/d(output), step by step
//
// A step can only use values of earlier steps, so the list is in topological order: no sorting, no recursion,
// no visited set. The loop is in src/autograd/backward.cpp, the sums of gradients are in accumulate.cpp.
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <span>
#include <string_view>
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// A recorded op with its saved tensors: maps dL/dy to one gradient per input, where it is needed.
using Backward = std::function<void(const Tensor& dy, std::span<const bool> needs, std::span<Tensor> grads)>;

/// An input (or the output: index -1) that an op has saved for its backward pass.
struct Saved {
  Storage storage;        ///< the buffer
  std::uint32_t version;  ///< version of the storage at the end of the forward pass
  int input;              ///< index of the input; -1: the output
};

/// One step of the tape. Its saved tensors are released as soon as the backward pass has visited it.
struct Step {
  std::string_view op;                     ///< "LinearOp", "maximum": see op.hpp; "Parameter" for a leaf
  Shape shape;                             ///< of the output
  std::vector<int> inputs;                 ///< steps that produced the inputs; -1 for a constant
  std::vector<Shape> input_shapes;         ///< one per input
  Parameter* parameter = nullptr;          ///< of a leaf
  Backward backward;                       ///< the op; empty for a leaf and after the backward pass
  std::vector<Saved> saved;                ///< inputs and output that the op has kept
  Tensor grad;                             ///< dL/d(output) during the backward pass
  double forward_ms = 0, backward_ms = 0;  ///< milliseconds
};

/// sum += grad; an empty sum counts as 0. Does not write into a buffer that another handle shares.
/// Throws Error when grad is empty or the shapes differ.
void accumulate(Tensor& sum, Tensor grad);

/// While a Tape is in scope, ops on this thread are recorded on it. Tapes nest; the innermost one records.
///
/// Threads: each thread has its own tapes. A parameter belongs to one thread while a tape of that thread that
/// has recorded it is in scope; another thread's tape refuses it with an Error. Threads that train at the
/// same time need one module each.
class Tape {
 public:
  Tape();   ///< begins to record
  ~Tape();  ///< returns the tape's memory to the pool
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Writes dL/dp to every Parameter p that the loss depends on (sets an empty gradient, adds otherwise).
  /// Throws Error when the loss is not of shape [1], depends on no parameter or belongs to another tape, when
  /// this tape has already run backward, when the shape of a parameter has changed since the forward pass, or
  /// when a tensor that an op has saved was changed after the forward pass (Tensor::touch).
  void backward(const Var& loss);

  /// A tensor as a leaf of this tape, for gradients of an input (saliency maps, inversion, penalties). After
  /// backward, grad() has its gradient. Throws Error when the tensor is empty or backward has already run.
  ///
  ///     Tape tape;
  ///     const Var x = tape.watch(image);
  ///     tape.backward(sum(score(x)));
  ///     const Tensor saliency = tape.grad(x);
  Var watch(const Tensor& x);
  /// dL/dx of a watched x, with the shape of x; zeros when the loss does not depend on it.
  /// Throws Error before backward, and when x is not the result of watch() on this tape.
  Tensor grad(const Var& x) const;

  /// Prints a table: step, op, shapes, bytes of the output, milliseconds forward and backward.
  void print(std::ostream& out) const;
  /// All steps in order of execution.
  std::span<const Step> steps() const { return steps_; }

  /// The innermost tape of this thread, or null.
  static Tape* active();

  /// While on, in all threads, the first op under a tape whose output has a NaN or an infinity throws Error
  /// with the op's name and says whether its inputs were finite. The first backward that returns such a
  /// gradient throws too. The check reads every output once more, so it is off by default; lecture programs
  /// switch it on with --check-numbers.
  static void check_numbers(bool on);

  // --- for record() ----------------------------------------------------------------------------------------
  /// What the tape knows of an op's inputs before the forward pass.
  struct Inputs {
    std::vector<int> nodes;                ///< step of each input; -1 for a constant
    std::vector<Shape> shapes;             ///< shape of each input
    std::vector<std::uint32_t> handles;    ///< handles on each input's buffer before the forward pass
    std::vector<const Storage*> storages;  ///< buffer of each input
    bool any = false;                      ///< at least one input needs a gradient
  };
  /// Throws Error, naming the op, when an input is an empty Tensor() and not optional.
  static void check_inputs(std::span<const Var* const> inputs, std::span<const bool> optional,
                           std::string_view op);
  /// Collects the op's inputs. Throws Error when an input belongs to another tape.
  Inputs inputs_of(std::span<const Var* const> inputs, std::string_view op) const;
  /// Appends a step and returns its output. Throws Error when this tape has already run backward.
  Var push(Tensor value, Inputs inputs, Backward backward, std::string_view op,
           std::chrono::steady_clock::duration forward_time);
  /// The leaf of a parameter, recorded once per tape.
  /// Throws Error when another thread's tape has recorded the parameter and is still in scope.
  Var leaf(Parameter& parameter);
  /// Whether check_numbers is on.
  static bool checks_numbers();
  /// Throws Error, as described at check_numbers, when a value is not finite.
  static void check_output(std::string_view op, const Tensor& value, std::span<const Var* const> inputs);

 private:
  /// Throws Error when a parameter that this step depends on has a value or a gradient of another shape than
  /// in the forward pass.
  void check_leaves(int last) const;
  /// Runs the op's backward: one gradient per input from dy = dL/d(output), empty where none flows. Releases
  /// the step's saved tensors, so a second call throws Error.
  /// Throws Error when the shape of a gradient differs from that of its input.
  static std::vector<Tensor> gradients(Step& step, const Tensor& dy);

  std::uint64_t id_;
  Tape* outer_;
  std::uint64_t outermost_;  ///< id of this thread's first tape in scope
  bool walked_ = false;
  std::vector<Step> steps_;
  std::deque<Parameter> watched_;
};

/// While in scope, `each` is called on this thread before every op of a backward pass. Whatever is later on
/// the tape is done by then: a parameter that was without a gradient before the pass and has one now has its
/// final one, because the tape reaches a parameter after all of its uses. So gradients can travel to other
/// processes while earlier layers are computed (Shards in train/shards.hpp). Not to be nested.
class DuringBackward {
 public:
  explicit DuringBackward(std::function<void()> each);  ///< begins to call
  ~DuringBackward();                                    ///< ends
  DuringBackward(const DuringBackward&) = delete;
  DuringBackward& operator=(const DuringBackward&) = delete;
};

/// While in scope, ops on this thread are not recorded: for evaluation in the middle of a training step.
/// A tape that is opened inside records as usual.
class NoTape {
 public:
  NoTape();   ///< pauses this thread's tape
  ~NoTape();  ///< continues it
  NoTape(const NoTape&) = delete;
  NoTape& operator=(const NoTape&) = delete;

 private:
  Tape* paused_;
};

}  // namespace gradus
