// Panel 6, "The tape": a list of ops, run on one tape, and the gradient that each op returns for each of its
// inputs.
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "answer.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus::studio {
namespace {

using Inputs = std::span<const Var>;

/// An op that a list may name, and its number of inputs.
struct NamedOp {
  std::size_t inputs;
  std::function<Var(Inputs)> run;
};

const std::map<std::string, NamedOp> ops = {
    {"add", {2, [](Inputs x) { return x[0] + x[1]; }}},
    {"subtract", {2, [](Inputs x) { return x[0] - x[1]; }}},
    {"multiply", {2, [](Inputs x) { return x[0] * x[1]; }}},
    {"divide", {2, [](Inputs x) { return x[0] / x[1]; }}},
    {"negate", {1, [](Inputs x) { return -x[0]; }}},
    {"square", {1, [](Inputs x) { return square(x[0]); }}},
    {"exp", {1, [](Inputs x) { return exp(x[0]); }}},
    {"log", {1, [](Inputs x) { return log(x[0]); }}},
    {"sqrt", {1, [](Inputs x) { return sqrt(x[0]); }}},
    {"relu", {1, [](Inputs x) { return relu(x[0]); }}},
    {"sigmoid", {1, [](Inputs x) { return sigmoid(x[0]); }}},
    {"tanh", {1, [](Inputs x) { return tanh(x[0]); }}},
    {"softplus", {1, [](Inputs x) { return softplus(x[0]); }}},
    {"mean", {1, [](Inputs x) { return mean(x[0]); }}},
    {"linear", {3, [](Inputs x) { return linear(x[0], x[1], x[2]); }}},
    {"reparameterize", {3, [](Inputs x) { return reparameterize(x[0], x[1], x[2].value()); }}},
    {"gaussian_kl", {2, [](Inputs x) { return gaussian_kl(x[0], x[1]); }}},
    {"fixed_gaussian_nll", {2, [](Inputs x) { return fixed_gaussian_nll(x[0], x[1].value(), 1); }}},
    {"vae_loss", {2, [](Inputs x) { return vae_loss(x[0], x[1]); }}},
};

/// A value of the list: a leaf, a constant or the result of an op.
struct Node {
  Var value;
  bool constant = false;        ///< no gradient flows to it
  std::vector<Tensor> grads{};  ///< of an op: dL/d(input) by this op alone; empty for a constant
};
std::vector<Node> nodes;

/// Reads `leaf` or `constant` with its shape; its numbers are the next ones of `numbers`.
Node leaf(std::istringstream& words, bool constant, std::span<const float>& numbers) {
  std::vector<Index> sizes;
  for (Index size = 0; words >> size;) sizes.push_back(size);
  const Shape shape(sizes);
  const auto count = static_cast<std::size_t>(shape.size());
  GRADUS_CHECK(count <= numbers.size(), "the tape: a leaf has ", count, " numbers, ", numbers.size(),
               " are left");
  const Tensor value = Tensor::of(shape, numbers.first(count));
  numbers = numbers.subspan(count);
  return {Var(value), constant};
}

/// Runs the op `name`. With a tape, every use of a value is the value plus a watched 0 (its probe), whose
/// gradient is the one that this op returns for this input.
Node result(const std::string& name, std::istringstream& words, std::vector<Var>& probes) {
  const auto op = ops.find(name);
  GRADUS_CHECK(op != ops.end(), "the tape has no op \"", name, "\"");
  Node made{.constant = true};
  std::vector<Var> inputs;
  for (std::size_t i = 0; words >> i;) {
    GRADUS_CHECK(i < nodes.size(), "the tape: ", name, " needs line ", i, ", which comes later");
    inputs.push_back(nodes[i].value);
    probes.emplace_back();
    if (nodes[i].constant) continue;
    made.constant = false;
    if (!Tape::active()) continue;
    probes.back() = Tape::active()->watch(Tensor::zeros(inputs.back().shape()));
    inputs.back() = inputs.back() + probes.back();
  }
  GRADUS_CHECK(inputs.size() == op->second.inputs, "the tape: ", name, " has ", op->second.inputs, " inputs");
  made.value = op->second.run(inputs);
  return made;
}

void run(const std::string& list, std::span<const float> numbers, bool backward) {
  nodes.clear();
  std::optional<Tape> tape;
  if (backward) tape.emplace();
  std::vector<std::vector<Var>> probes;
  std::istringstream lines(list);
  for (std::string line, name; std::getline(lines, line);) {
    std::istringstream words(line);
    words >> name;
    probes.emplace_back();
    const bool given = name == "leaf" || name == "constant";
    nodes.push_back(given ? leaf(words, name == "constant", numbers) : result(name, words, probes.back()));
  }
  if (!backward) return;
  GRADUS_CHECK(!nodes.empty() && !nodes.back().constant, "the tape: the result depends on no variable");
  tape->backward(nodes.back().value);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (const Var& probe : probes[i])
      nodes[i].grads.push_back(probe.size() > 0 ? tape->grad(probe) : Tensor());
}

const Node& node(int i) {
  GRADUS_CHECK(i >= 0 && static_cast<std::size_t>(i) < nodes.size(), "the tape has no value ", i);
  return nodes[static_cast<std::size_t>(i)];
}

}  // namespace

extern "C" {

/// Runs a list of ops, one line each: "leaf 4 2", "constant 1" (with their shapes; `numbers` has their values
/// in order), or an op's name and the lines of its inputs ("multiply 0 1"). With `backward`, also backwards
/// from the last line.
EMSCRIPTEN_KEEPALIVE const Answer* tape_run(const char* list, const float* numbers, int count, int backward) {
  return answer([&] { run(list, std::span(numbers, static_cast<std::size_t>(count)), backward != 0); });
}
/// The value of line i, and its shape.
EMSCRIPTEN_KEEPALIVE const Answer* tape_value(int i) {
  return answer([&] { return node(i).value.value(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* tape_shape(int i) {
  return answer([&] {
    std::vector<float> sizes;
    for (const Index size : node(i).value.shape().sizes()) sizes.push_back(static_cast<float>(size));
    return sizes;
  });
}
/// What line i returns for its input k: dL/d(input), its share; nothing for a constant.
EMSCRIPTEN_KEEPALIVE const Answer* tape_grad(int i, int k) {
  return answer([&] {
    const std::vector<Tensor>& grads = node(i).grads;
    GRADUS_CHECK(k >= 0 && static_cast<std::size_t>(k) < grads.size(), "line ", i, " has no input ", k);
    return grads[static_cast<std::size_t>(k)] ? numbers_of(grads[static_cast<std::size_t>(k)])
                                              : std::vector<float>{};
  });
}
/// Normal random numbers of a seed.
EMSCRIPTEN_KEEPALIVE const Answer* tape_noise(int seed, int count) {
  return answer([&] {
    Rng rng = Rng(static_cast<std::uint64_t>(seed)).split("tape");
    return Tensor::randn({count}, rng);
  });
}

}  // extern "C"

}  // namespace gradus::studio
