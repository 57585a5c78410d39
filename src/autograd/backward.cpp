#include "gradus/autograd/tape.hpp"

#include "gradus/base/check.hpp"

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

  // [1.6]
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
  // [end]
  for (Step& step : steps_)
    step.grad = {}, step.backward = nullptr, step.saved.clear();  // frees steps without effect on the loss
}

}  // namespace gradus
