#include "gradus/optim/descend.hpp"

#include "gradus/autograd/tape.hpp"

namespace gradus {

Real descend(const Optimizer& optimizer, const std::function<Var()>& loss) {
  // SOLUTION(2.7: optimizer, loss) One step of training, five lines in the right order:
  //   Tape tape;                     what is computed while it is there is recorded
  //   loss()                         the loss [1], a Var; call it once (it may draw noise, or the next batch)
  //   optimizer.zero_grad()          drops the gradients of the step before
  //   tape.backward(the Var)         adds this step's gradients to the parameters'
  //   optimizer.step()               moves the parameters against them
  // Return the number loss() gave, .item(). The gradients stay with the parameters: somebody may look.
  //
  Tape tape;
  const Var value = loss();
  optimizer.zero_grad();
  tape.backward(value);
  optimizer.step();
  return value.item();
  // END
}

}  // namespace gradus
