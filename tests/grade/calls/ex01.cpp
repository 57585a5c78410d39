#include "../calls.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/linear.hpp"
#include "graphs.hpp"
#include "kept.hpp"

namespace gradus::grade {
namespace {

/// The needed gradients of linear; in[4] has three numbers, 0 for a gradient that is not needed.
Tensors linear_gradients(const Tensors& in) {
  const Needs<3> needs = {in[4][0] != 0, in[4][1] != 0, in[4][2] != 0};
  const Grads<3> grads = LinearOp{in[0], in[1]}.backward(in[3], needs);
  Tensors wanted;
  for (std::size_t i = 0; i < 3; ++i)
    if (needs[i]) wanted.push_back(grads[i]);
  return wanted;
}

/// Runs backward over the graph `times` times, each on a new tape, and returns the parameters' gradients.
Tensors gradients(const std::string& name, const Tensors& in, int times) {
  const Graph& graph = graph_named(name);
  Parameters p = parameters_of(graph, in);
  for (int i = 0; i < times; ++i) {
    Tape tape;
    tape.backward(graph.loss(p, in));
  }
  return gradients_of(p);
}

}  // namespace

std::vector<Call> calls_01() {
  std::vector<Call> calls = {
      {"relu",
       [](const Tensors& in) -> Tensors {
         Relu op;
         const Tensor x = in[0].clone(), y = op.forward(x);
         return {y, op.y, x};
       }},
      {"relu.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<1> grads = Relu{in[1]}.backward(in[2]);
         return {grads[0]};
       }},
      {"linear",
       [](const Tensors& in) -> Tensors {
         LinearOp op;
         const Tensor y = op.forward(in[0], in[1], in[2]);
         return {y, op.x, op.w};
       }},
      {"linear.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<3> grads = LinearOp{in[0], in[1]}.backward(in[3], {true, true, true});
         return {grads[0], grads[1], grads[2]};
       }},
      {"linear.backward.needs", linear_gradients},
      // Adds three gradients to an empty sum. All of them are shared with other handles, except the second,
      // which is an unshared copy. Also returns the final contents of all gradients.
      {"accumulate",
       [](const Tensors& in) -> Tensors {
         Tensors out(1);
         for (const Tensor& grad : in) out.push_back(grad.clone());
         accumulate(out[0], out[1]);
         accumulate(out[0], out[2].clone());
         accumulate(out[0], out[3]);
         return out;
       }},
      // The same with every handle moved in, so that the sum is unshared.
      {"accumulate.moved",
       [](const Tensors& in) -> Tensors {
         Tensor sum;
         for (const Tensor& grad : in) accumulate(sum, grad.clone());
         return {sum};
       }},
      {"tape.twice", [](const Tensors& in) -> Tensors { return gradients("parameter_twice", in, 2); }},
      // Overwrites the first parameter's gradient; the second's must stay unchanged.
      {"tape.own_buffers",
       [](const Tensors& in) -> Tensors {
         const Graph& graph = graph_named("sum_of_two");
         Parameters p = parameters_of(graph, in);
         Tape tape;
         tape.backward(graph.loss(p, in));
         if (p[0].grad) p[0].grad.fill(0);
         return gradients_of(p);
       }},
  };
  for (const Graph& graph : graphs)
    calls.push_back({"tape." + graph.name,
                     [name = graph.name](const Tensors& in) -> Tensors { return gradients(name, in, 1); }});
  return with_inputs_kept(std::move(calls));
}

}  // namespace gradus::grade
