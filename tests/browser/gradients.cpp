// Gradients of ops with the same inputs, printed: the native program and the one for WebAssembly must agree.
// One line per gradient: the op, the number of the input, the numbers.
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/window.hpp"

namespace gradus {
namespace {

using Inputs = std::vector<Var>;

struct Case {
  const char* name;
  std::vector<Shape> shapes;  ///< of the inputs
  std::function<Var(const Inputs&)> op;
  bool positive = false;  ///< inputs in (0.5, 1.5) instead of N(0, 1)
};

RunningStatistics statistics(Index channels) {
  return {Tensor::zeros({channels}), Tensor::full({channels}, 1)};
}

const std::vector<Case> cases = {
    {"add", {{3, 5}, {3, 5}}, [](const Inputs& x) { return x[0] + x[1]; }},
    {"multiply", {{3, 5}, {3, 5}}, [](const Inputs& x) { return x[0] * x[1]; }},
    {"divide", {{3, 5}, {3, 5}}, [](const Inputs& x) { return x[0] / x[1]; }, true},
    {"exp", {{3, 37}}, [](const Inputs& x) { return exp(x[0]); }},
    {"log", {{3, 37}}, [](const Inputs& x) { return log(x[0]); }, true},
    {"sqrt", {{3, 37}}, [](const Inputs& x) { return sqrt(x[0]); }, true},
    {"relu", {{3, 37}}, [](const Inputs& x) { return relu(x[0]); }},
    {"leaky_relu", {{3, 37}}, [](const Inputs& x) { return leaky_relu(x[0]); }},
    {"sigmoid", {{3, 37}}, [](const Inputs& x) { return sigmoid(x[0]); }},
    {"tanh", {{3, 37}}, [](const Inputs& x) { return tanh(x[0]); }},
    {"softplus", {{3, 37}}, [](const Inputs& x) { return softplus(x[0]); }},
    {"silu", {{3, 37}}, [](const Inputs& x) { return silu(x[0]); }},
    {"softmax", {{3, 37}}, [](const Inputs& x) { return softmax(x[0]); }},
    {"log_softmax", {{3, 37}}, [](const Inputs& x) { return log_softmax(x[0]); }},
    {"log_sum_exp", {{3, 37}}, [](const Inputs& x) { return log_sum_exp(x[0]); }},
    {"matmul", {{9, 33}, {33, 17}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"linear", {{9, 33}, {17, 33}, {17}}, [](const Inputs& x) { return linear(x[0], x[1], x[2]); }},
    {"conv2d",
     {{2, 9, 9, 8}, {16, 3, 3, 8}, {16}},
     [](const Inputs& x) { return conv2d(x[0], x[1], x[2], {.padding = 1}); }},
    {"conv_transpose2d",
     {{2, 5, 5, 8}, {8, 4, 4, 16}, {16}},
     [](const Inputs& x) { return conv_transpose2d(x[0], x[1], x[2], {.stride = 2, .padding = 1}); }},
    {"max_pool2d", {{2, 6, 6, 3}}, [](const Inputs& x) { return max_pool2d(x[0], 2); }},
    {"batch_norm",
     {{16, 9}, {9}, {9}},
     [](const Inputs& x) {
       RunningStatistics running = statistics(9);
       return batch_norm(x[0], x[1], x[2], running);
     }},
    {"group_norm", {{2, 4, 4, 8}, {8}, {8}}, [](const Inputs& x) { return group_norm(x[0], 2, x[1], x[2]); }},
    {"bernoulli_nll",
     {{4, 50}},
     [](const Inputs& x) {
       return bernoulli_nll(x[0], Tensor::full({4, 50}, Real(0.25)));
     }},
    {"cross_entropy",
     {{3, 10}},
     [](const Inputs& x) {
       return cross_entropy(x[0], std::vector<int>{1, 9, 4});
     }},
    {"gaussian_kl", {{4, 20}, {4, 20}}, [](const Inputs& x) { return gaussian_kl(x[0], x[1]); }},
    {"reparameterize",
     {{4, 20}, {4, 20}},
     [](const Inputs& x) {
       return reparameterize(x[0], x[1], Tensor::full({4, 20}, Real(0.5)));
     }},
};

/// Prints dL/dx for every input x, where L is the sum of the outputs weighted by N(0, 1).
void print_gradients(const Case& one) {
  Rng rng = Rng(1).split(one.name);
  Tape tape;
  Inputs inputs;
  for (const Shape& shape : one.shapes)
    inputs.push_back(tape.watch(one.positive ? Tensor::uniform(shape, rng, Real(0.5), Real(1.5))
                                             : Tensor::randn(shape, rng)));
  const Var y = one.op(inputs);
  tape.backward(sum(y * Var(Tensor::randn(y.shape(), rng))));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::printf("%s %zu", one.name, i);
    const Tensor gradient = tape.grad(inputs[i]);
    for (const Real g : gradient.values()) std::printf(" %.9g", static_cast<double>(g));
    std::printf("\n");
  }
}

}  // namespace
}  // namespace gradus

int main() {
  for (const gradus::Case& one : gradus::cases) gradus::print_gradients(one);
}
