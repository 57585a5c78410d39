#include "../calls.hpp"
#include "gradus/ops/conv.hpp"

namespace gradus::grade {
namespace {

/// Number `i` of the settings: stride, padding, output padding.
Index setting(const Tensor& settings, Index i) { return static_cast<Index>(settings[i]); }

/// The ops in the state after the forward pass, so that a backward pass can be called alone.
NaiveConv2d conv(const Tensor& settings, const Tensor& x = {}, const Tensor& w = {}) {
  return {setting(settings, 0), setting(settings, 1), x, w};
}
NaiveConvTranspose2d conv_transpose(const Tensor& settings, const Tensor& x = {}, const Tensor& w = {}) {
  return {setting(settings, 0), setting(settings, 1), setting(settings, 2), x, w};
}

Tensors list(const Grads<3>& grads) { return {grads[0], grads[1], grads[2]}; }

}  // namespace

// Inputs of all calls: x, w, b (or empty), settings; for a backward pass also dy.
std::vector<Call> calls_03() {
  return {
      {"conv2d", [](const Tensors& in) -> Tensors { return {conv(in[3]).forward(in[0], in[1], in[2])}; }},
      {"conv2d.backward",
       [](const Tensors& in) -> Tensors { return list(conv(in[3], in[0], in[1]).backward(in[4])); }},
      {"conv_transpose2d",
       [](const Tensors& in) -> Tensors { return {conv_transpose(in[3]).forward(in[0], in[1], in[2])}; }},
      {"conv_transpose2d.backward",
       [](const Tensors& in) -> Tensors {
         return list(conv_transpose(in[3], in[0], in[1]).backward(in[4]));
       }},
  };
}

}  // namespace gradus::grade
