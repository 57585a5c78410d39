#include "gradus/autograd/tape.hpp"

#include "gradus/base/check.hpp"

namespace gradus {

void Tape::backward(const Var& loss) {
  GRADUS_CHECK(!walked_,
               "Tape::backward: this tape has been walked already; every training step opens a new Tape");
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

  // SOLUTION(1.6) Walk steps_ from the last to the first. A step's grad is dy = dL/d(its output): where it is
  // empty the loss does not depend on the step, go on. Otherwise
  //   - a step with a parameter (`step.parameter` is not null) is a leaf: accumulate dy into
  //     step.parameter->grad, which may hold gradients of an earlier tape. Whoever scales a parameter's
  //     gradient must not scale another one: where dy.unique() is false hand in dy.clone();
  //   - every other step is an op: gradients(step, dy) returns one gradient an input, empty where none flows.
  //     Input i was made by step number step.inputs[i]: accumulate the gradient into that step's grad.
  // accumulate(sum, grad) adds grad to sum, an empty sum is set.
  //
  for (std::size_t s = steps_.size(); s-- > 0;) {
    Step& step = steps_[s];
    const Tensor dy = std::move(step.grad);
    step.grad = {};
    if (!dy) continue;
    if (step.parameter) {
      accumulate(step.parameter->grad, dy.unique() ? dy : dy.clone());
      continue;
    }
    std::vector<Tensor> grads = gradients(step, dy);
    for (std::size_t i = 0; i < grads.size(); ++i)
      if (grads[i]) accumulate(steps_[static_cast<std::size_t>(step.inputs[i])].grad, std::move(grads[i]));
  }
  // END
  for (Step& step : steps_)
    step.grad = {}, step.backward = nullptr, step.saved.clear();  // what the loss does not depend on
}

}  // namespace gradus
