// Your file for exercise 2. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/optim/descend.hpp"

#include "gradus/autograd/tape.hpp"
#include "gradus/base/todo.hpp"

namespace gradus {

Real descend(const Optimizer& optimizer, const std::function<Var()>& loss) {
  // TODO(2.7) One step of training, five lines in the right order:
  //   Tape tape;                     records everything that is computed while it exists
  //   loss()                         the loss [1], a Var; call it once (it may draw noise or the next batch)
  //   optimizer.zero_grad()          clears the gradients of the previous step
  //   tape.backward(the Var)         adds this step's gradients to the parameters'
  //   optimizer.step()               moves the parameters against their gradients
  // Return the value of the loss, .item(). The gradients stay in the parameters,
  // so that a caller can read them.
  todo("2.7", optimizer, loss);
}

}  // namespace gradus
