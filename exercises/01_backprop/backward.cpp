// Your file for exercise 1. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/autograd/tape.hpp"

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"

namespace gradus {

void Tape::backward(const Var& loss) {
  GRADUS_CHECK(
      !walked_,
      "Tape::backward: backward has already run on this tape; open a new Tape for every training step");
  GRADUS_CHECK(loss.size() == 1 && loss.value().rank() == 1,
               "Tape::backward: the loss must have the shape [1], got ", loss.shape(),
               "; losses are [B], take their mean");
  GRADUS_CHECK(loss.node_ >= 0,
               "Tape::backward: no parameter reaches this loss (computed before the tape, from ",
               "constants only, detached, or with every parameter frozen)");
  GRADUS_CHECK(loss.tape_ == id_, "Tape::backward: the loss belongs to another tape");
  check_leaves(loss.node_);
  walked_ = true;
  steps_[static_cast<std::size_t>(loss.node_)].grad = Tensor::full({1}, 1);  // dL/dL = 1

  // TODO(1.6) Visit steps_ from the last to the first. A step's grad is dy = dL/d(its output):
  // where it is empty, the loss does not depend on the step; skip it. Otherwise:
  //   - a step with a parameter (`step.parameter` is not null) is a leaf: accumulate dy into
  //     step.parameter->grad, which may hold gradients of an earlier tape. Scaling one parameter's
  //     gradient must not scale another: where dy.unique() is false, accumulate dy.clone();
  //   - every other step is an op: gradients(step, dy) returns one gradient per input, empty where none flows.
  //     Input i was made by step number step.inputs[i]: accumulate the gradient into that step's grad.
  // accumulate(sum, grad) adds grad to sum; an empty sum is set to grad.
  todo("1.6");
  for (Step& step : steps_)
    step.grad = {}, step.backward = nullptr, step.saved.clear();  // frees steps without effect on the loss
}

}  // namespace gradus
