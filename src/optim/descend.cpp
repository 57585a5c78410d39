#include "gradus/optim/descend.hpp"

#include "gradus/autograd/tape.hpp"

namespace gradus {

Real descend(const Optimizer& optimizer, const std::function<Var()>& loss) {
  // [2.7]
  Tape tape;
  const Var value = loss();
  optimizer.zero_grad();
  tape.backward(value);
  optimizer.step();
  return value.item();
  // [end]
}

}  // namespace gradus
