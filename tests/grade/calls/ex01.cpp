#include "../calls.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/linear.hpp"
#include "graphs.hpp"
#include "kept.hpp"

namespace gradus::grade {
namespace {

/// Those of linear's gradients that are wanted: in[4] has three numbers, 0 for "nobody needs it".
Tensors linear_gradients(const Tensors& in) {
  const Needs<3> needs = {in[4][0] != 0, in[4][1] != 0, in[4][2] != 0};
  const Grads<3> grads = LinearOp{in[0], in[1]}.backward(in[3], needs);
  Tensors wanted;
  for (std::size_t i = 0; i < 3; ++i)
    if (needs[i]) wanted.push_back(grads[i]);
  return wanted;
}

/// Walks the graph `times` times, a tape each, and returns the parameters' gradients.
Tensors walked(const std::string& name, const Tensors& in, int times) {
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
      // adds three gradients to an empty sum. All are seen by others, but for the second, which is a copy of
      // its own. What all hold afterwards is returned, too.
      {"accumulate",
       [](const Tensors& in) -> Tensors {
         Tensors out(1);
         for (const Tensor& grad : in) out.push_back(grad.clone());
         accumulate(out[0], out[1]);
         accumulate(out[0], out[2].clone());
         accumulate(out[0], out[3]);
         return out;
       }},
      // the same with every handle given away: nobody else sees the sum
      {"accumulate.moved",
       [](const Tensors& in) -> Tensors {
         Tensor sum;
         for (const Tensor& grad : in) accumulate(sum, grad.clone());
         return {sum};
       }},
      {"tape.twice", [](const Tensors& in) -> Tensors { return walked("parameter_twice", in, 2); }},
      // the first parameter's gradient is written over: the second's has to stay
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
                     [name = graph.name](const Tensors& in) -> Tensors { return walked(name, in, 1); }});
  return with_inputs_kept(std::move(calls));
}

}  // namespace gradus::grade
