#pragma once
// What an op is, and how it is recorded.
//
// An op is any struct with attributes, saved tensors and two functions:
//
//   Tensor   forward(const Tensor& x, const Tensor& w);               one argument per input
//   Grads<2> backward(const Tensor& dy) const;                        one gradient per input, of its shape
//   Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const; alternative: skips unneeded gradients
//
// With a list of inputs (concat): Tensor forward(std::span<const Tensor>), std::vector<Tensor> backward(dy).
// An input may be an empty Tensor() only if the op declares it (else Error), as for a layer without bias:
//
//   static constexpr Needs<3> optional{false, false, true};
//
// Messages use the name of the function that was called: "max_pool2d" for a struct MaxPool2d or MaxPool2dOp.
// A struct that is recorded by several functions, or has another name, sets a member `op`:
//
//   const char* op = "maximum";                                      a literal: the tape keeps the pointer
//
// `backward` returns gradients and does not accumulate: the tape does. The tape detects which inputs the op
// saved, and whether it saved the output. The backward pass throws Error when one of them was changed after
// the forward pass (Tensor::touch).
#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <span>
#include <string_view>
#include <vector>

#include "gradus/autograd/tape.hpp"

namespace gradus {

/// One gradient per input. An empty Tensor means that no gradient flows to this input.
template <std::size_t N>
using Grads = std::array<Tensor, N>;

/// needs[i]: whether the gradient of input i is needed.
template <std::size_t N>
using Needs = std::array<bool, N>;

namespace detail {

/// "GaussianKl", extracted from the compiler's name for this function.
template <class Op>
constexpr std::string_view op_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("Op = ") + 5);
  name = name.substr(0, name.find_first_of(";]"));
  name = name.substr(0, name.find('<'));
  if (const auto colon = name.rfind("::"); colon != name.npos) name.remove_prefix(colon + 2);
  return name;
}

/// The op's member `op`, or else the name of its struct.
template <class Op>
std::string_view name_of(const Op& op) {
  if constexpr (requires { std::string_view(op.op); }) {
    return op.op;
  } else {
    return op_name<Op>();
  }
}

/// Which inputs may be an empty Tensor(): none, unless the op declares them.
template <class Op, std::size_t N>
constexpr Needs<N> optional_inputs() {
  if constexpr (requires { Op::optional; }) {
    return Op::optional;
  } else {
    return {};
  }
}

// An input of record() as a Var.
inline const Var& as_var(const Var& x) { return x; }
inline Var as_var(Parameter& x) { return Var(x); }
inline Var as_var(const Tensor& x) { return Var(x); }

/// record() with all inputs as Vars.
template <class Op, std::same_as<Var>... Vars>
Var record_vars(Op op, const Vars&... inputs) {
  constexpr std::size_t count = sizeof...(Vars);
  const std::array<const Var*, count> list{&inputs...};
  const std::string_view name = name_of(op);
  Tape::check_inputs(list, optional_inputs<Op, count>(), name);
  Tape* tape = Tape::active();
  if (!tape) return Var(op.forward(inputs.value()...));
  Tape::Inputs places = tape->inputs_of(list, name);
  const auto start = std::chrono::steady_clock::now();
  Tensor value = op.forward(inputs.value()...);
  if (Tape::checks_numbers()) Tape::check_output(name, value, list);
  if (!places.any) return Var(std::move(value));
  const auto time = std::chrono::steady_clock::now() - start;
  Backward backward = [op = std::move(op)](const Tensor& dy, std::span<const bool> needed,
                                           std::span<Tensor> grads) {
    Needs<count> needs;
    std::copy_n(needed.begin(), count, needs.begin());
    Grads<count> result;
    if constexpr (requires { op.backward(dy, needs); }) {
      result = op.backward(dy, needs);
    } else {
      result = op.backward(dy);
    }
    std::move(result.begin(), result.end(), grads.begin());
  };
  return tape->push(std::move(value), std::move(places), std::move(backward), name, time);
}

}  // namespace detail

/// Runs op.forward on the values. With an active tape, and if an input needs a gradient, moves the op onto
/// the tape. An input is a Var, a Parameter (a leaf) or a Tensor (a constant). Throws Error when an input is
/// an empty Tensor() and not optional, or belongs to another tape.
template <class Op, class... Inputs>
Var record(Op op, Inputs&&... inputs) {
  return detail::record_vars(std::move(op), detail::as_var(inputs)...);
}

/// The same for an op with a list of inputs.
template <class Op>
Var record_list(Op op, std::span<const Var> inputs) {
  std::vector<Tensor> values;
  std::vector<const Var*> list;
  for (const Var& input : inputs) {
    values.push_back(input.value());
    list.push_back(&input);
  }
  const std::string_view name = detail::name_of(op);
  Tape::check_inputs(list, {}, name);
  Tape* tape = Tape::active();
  if (!tape) return Var(op.forward(values));
  Tape::Inputs places = tape->inputs_of(list, name);
  const auto start = std::chrono::steady_clock::now();
  Tensor value = op.forward(values);
  if (Tape::checks_numbers()) Tape::check_output(name, value, list);
  if (!places.any) return Var(std::move(value));
  const auto time = std::chrono::steady_clock::now() - start;
  Backward backward = [op = std::move(op)](const Tensor& dy, std::span<const bool>, std::span<Tensor> grads) {
    std::vector<Tensor> result = op.backward(dy);
    std::move(result.begin(), result.end(), grads.begin());
  };
  return tape->push(std::move(value), std::move(places), std::move(backward), name, time);
}

}  // namespace gradus
