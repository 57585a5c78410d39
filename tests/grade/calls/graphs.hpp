#pragma once
// Small graphs for the tape, built from parameters. The worker runs the student's backward pass over them;
// the grader runs known mistakes. All graphs use the library's own ops.
#include <deque>
#include <string>

#include "../frame.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus::grade {

using Parameters = std::deque<Parameter>;

struct Graph {
  std::string name;
  std::size_t parameters;  ///< number of leading inputs that become parameters
  Var (*loss)(Parameters& p, const Tensors& in);
  std::size_t after = 0;  ///< number of steps recorded after the loss
};

inline const Graph graphs[] = {
    // L = (w x + b - t)^2, one number each: w, b; x, t
    {"by_hand", 2,
     [](Parameters& p, const Tensors& in) -> Var { return square(Var(p[0]) * Var(in[2]) + p[1] - in[3]); }},
    // L = sum c exp(1/2 square(p)): a chain of values
    {"chain", 1,
     [](Parameters& p, const Tensors& in) -> Var { return sum(exp(square(p[0]) * Real(0.5)) * Var(in[1])); }},
    // h = p q;  L = sum (exp(h / 4) h + r h): h is used three times
    {"reused", 3,
     [](Parameters& p, const Tensors&) -> Var {
       const Var h = Var(p[0]) * Var(p[1]);
       return sum(exp(h * Real(0.25)) * h + Var(p[2]) * h);
     }},
    // p itself is used twice, at distant steps: L = sum (square(p q) c + p)
    {"parameter_twice", 2,
     [](Parameters& p, const Tensors& in) -> Var {
       return sum(square(Var(p[0]) * Var(p[1])) * Var(in[2]) + p[0]);
     }},
    // exp(p) and values made from it do not count; q is unused; c is a constant
    {"side_branch", 3,
     [](Parameters& p, const Tensors& in) -> Var {
       const Var y = Var(p[0]) * Var(in[3]);
       const Var side = exp(p[2]) * y;
       return sum(square(y) + square(Var(in[3])));
     }},
    // values computed after the loss do not count
    {"more_after", 2,
     [](Parameters& p, const Tensors& in) -> Var {
       const Var y = Var(p[0]) * Var(p[1]), loss = sum(square(y) * Var(in[2]));
       sum(exp(y) * y);
       return loss;
     },
     3},
    // add returns the same gradient tensor for both inputs
    {"sum_of_two", 2,
     [](Parameters& p, const Tensors& in) -> Var { return sum((Var(p[0]) + Var(p[1])) * Var(in[2])); }},
};

inline const Graph& graph_named(const std::string& name) {
  for (const Graph& graph : graphs)
    if (graph.name == name) return graph;
  throw Error("no graph '" + name + "'");
}

/// The graph's parameters, with the first inputs as values.
inline Parameters parameters_of(const Graph& graph, const Tensors& in) {
  Parameters p;
  for (std::size_t i = 0; i < graph.parameters; ++i) p.emplace_back(in[i].clone());
  return p;
}

inline Tensors gradients_of(const Parameters& p) {
  Tensors grads;
  for (const Parameter& one : p) grads.push_back(one.grad);
  return grads;
}

}  // namespace gradus::grade
