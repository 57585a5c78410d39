#pragma once
// Every op with the shapes of its inputs, for the tests of misuse.
#include <array>
#include <functional>
#include <span>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/generative/affine_coupling.hpp"
#include "gradus/generative/change_of_variables.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/generative/diffusion.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gan_losses.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/generative/with_label.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/embedding.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/sequence.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"

namespace gradus::misuse {

using Vars = std::span<const Var>;

/// An op, the shapes of its inputs, and the function name with which its errors begin.
struct Case {
  const char* name;
  std::vector<Shape> shapes;
  std::function<Var(Vars)> f;
};

template <class NaiveOp, class... Attributes>
Var naive(Vars v, Attributes... attributes) {
  return record(NaiveOp{attributes...}, v[0], v[1], v[2]);
}

inline const Shape pictures{2, 4, 4, 3};

inline const std::vector<Case>& cases() {
  static RunningStatistics running{Tensor::zeros({3}), Tensor::full({3}, 1)};
  static const Tensor half_of_three = Tensor::of({3}, {1, 0, 1});
  static Rng rng(3);
  static const std::vector<Case> all{
      {"add", {{2, 3}, {2, 3}}, [](Vars v) { return v[0] + v[1]; }},
      {"subtract", {{2, 3}, {2, 3}}, [](Vars v) { return v[0] - v[1]; }},
      {"multiply", {{2, 3}, {2, 3}}, [](Vars v) { return v[0] * v[1]; }},
      {"divide", {{2, 3}, {2, 3}}, [](Vars v) { return v[0] / v[1]; }},
      {"divide", {{2, 3}}, [](Vars v) { return 1 / v[0]; }},
      {"pow", {{2, 3}}, [](Vars v) { return pow(v[0], 2); }},
      {"maximum", {{2, 3}, {2, 3}}, [](Vars v) { return maximum(v[0], v[1]); }},
      {"minimum", {{2, 3}, {2, 3}}, [](Vars v) { return minimum(v[0], v[1]); }},
      {"where", {{2, 3}, {2, 3}}, [](Vars v) { return where(v[0].value(), v[0], v[1]); }},
      {"affine", {{2, 3}}, [](Vars v) { return 2 * v[0]; }},
      {"exp", {{2, 3}}, [](Vars v) { return exp(v[0]); }},
      {"log", {{2, 3}}, [](Vars v) { return log(v[0]); }},
      {"sqrt", {{2, 3}}, [](Vars v) { return sqrt(v[0]); }},
      {"square", {{2, 3}}, [](Vars v) { return square(v[0]); }},
      {"abs", {{2, 3}}, [](Vars v) { return abs(v[0]); }},
      {"clamp", {{2, 3}}, [](Vars v) { return clamp(v[0], -1, 1); }},
      {"relu", {{2, 3}}, [](Vars v) { return relu(v[0]); }},
      {"leaky_relu", {{2, 3}}, [](Vars v) { return leaky_relu(v[0]); }},
      {"sigmoid", {{2, 3}}, [](Vars v) { return sigmoid(v[0]); }},
      {"tanh", {{2, 3}}, [](Vars v) { return gradus::tanh(v[0]); }},
      {"softplus", {{2, 3}}, [](Vars v) { return softplus(v[0]); }},
      {"softmax", {{2, 3}}, [](Vars v) { return softmax(v[0]); }},
      {"log_softmax", {{2, 3}}, [](Vars v) { return log_softmax(v[0]); }},
      {"add_row", {{2, 3}, {3}}, [](Vars v) { return add_row(v[0], v[1]); }},
      {"multiply_row", {{2, 3}, {3}}, [](Vars v) { return multiply_row(v[0], v[1]); }},
      {"add_column", {{2, 3}, {2}}, [](Vars v) { return add_column(v[0], v[1]); }},
      {"multiply_column", {{2, 3}, {2}}, [](Vars v) { return multiply_column(v[0], v[1]); }},
      {"add_scalar", {{2, 3}, {1}}, [](Vars v) { return add_scalar(v[0], v[1]); }},
      {"multiply_scalar", {{2, 3}, {1}}, [](Vars v) { return multiply_scalar(v[0], v[1]); }},
      {"sum", {{2, 3}}, [](Vars v) { return sum(v[0]); }},
      {"mean", {{2, 3}}, [](Vars v) { return mean(v[0]); }},
      {"row_sums", {{2, 3}}, [](Vars v) { return row_sums(v[0]); }},
      {"row_means", {{2, 3}}, [](Vars v) { return row_means(v[0]); }},
      {"column_sums", {{2, 3}}, [](Vars v) { return column_sums(v[0]); }},
      {"column_means", {{2, 3}}, [](Vars v) { return column_means(v[0]); }},
      {"sum", {{2, 3}}, [](Vars v) { return sum(v[0], 0); }},
      {"mean", {{2, 3}}, [](Vars v) { return mean(v[0], -1); }},
      {"log_sum_exp", {{2, 3}}, [](Vars v) { return log_sum_exp(v[0]); }},
      {"max", {{2, 3}}, [](Vars v) { return gradus::max(v[0], 0); }},
      {"silu", {{2, 3}}, [](Vars v) { return silu(v[0]); }},
      {"gather",
       {{2, 3}},
       [](Vars v) {
         return gather(v[0], std::array{1, 0});
       }},
      {"sinusoidal_embedding", {{2}}, [](Vars v) { return sinusoidal_embedding(v[0], 4); }},
      {"batched_matmul", {{2, 3, 4}, {2, 4, 5}}, [](Vars v) { return batched_matmul(v[0], v[1]); }},
      {"add_channels", {{2, 4, 3}, {2, 3}}, [](Vars v) { return add_channels(v[0], v[1]); }},
      {"multiply_channels", {{2, 4, 3}, {2, 3}}, [](Vars v) { return multiply_channels(v[0], v[1]); }},
      {"conv1d", {{2, 5, 3}, {4, 2, 3}, {4}}, [](Vars v) { return conv1d(v[0], v[1], v[2]); }},
      {"conv_transpose1d",
       {{2, 5, 3}, {3, 2, 4}, {4}},
       [](Vars v) { return conv_transpose1d(v[0], v[1], v[2]); }},
      {"max_pool1d", {{2, 5, 3}}, [](Vars v) { return max_pool1d(v[0], 2); }},
      {"average_pool1d", {{2, 5, 3}}, [](Vars v) { return average_pool1d(v[0], 2); }},
      {"reshape", {{2, 3}}, [](Vars v) { return reshape(v[0], {v[0].size()}); }},
      {"transpose", {{2, 3}}, [](Vars v) { return transpose(v[0]); }},
      {"concat", {{2, 3}, {2, 3}}, [](Vars v) { return concat(v, 0); }},
      {"concat", {{2, 3}, {2, 3}}, [](Vars v) { return concat(v, -1); }},
      {"slice", {{2, 3}}, [](Vars v) { return slice(v[0], -1, 0, 2); }},
      {"slice", {{2, 3}}, [](Vars v) { return slice(v[0], 0, 0, 0); }},
      {"matmul", {{2, 3}, {3, 4}}, [](Vars v) { return matmul(v[0], v[1]); }},
      {"linear", {{2, 3}, {4, 3}, {4}}, [](Vars v) { return linear(v[0], v[1], v[2]); }},
      {"dropout", {{2, 3}}, [](Vars v) { return dropout(v[0], Real(0.5), rng); }},
      {"squared_error", {{2, 3}, {2, 3}}, [](Vars v) { return squared_error(v[0], v[1]); }},
      {"l1_error", {{2, 3}, {2, 3}}, [](Vars v) { return l1_error(v[0], v[1]); }},
      {"gaussian_nll", {{2, 3}, {2, 3}}, [](Vars v) { return gaussian_nll(v[0], v[1], v[0].value()); }},
      {"cross_entropy",
       {{2, 3}},
       [](Vars v) {
         return cross_entropy(v[0], std::array{0, 2});
       }},
      {"minimax_real_loss", {{2}}, [](Vars v) { return minimax_real_loss(v[0]); }},
      {"least_squares_real_loss", {{2, 1}}, [](Vars v) { return least_squares_real_loss(v[0]); }},
      {"least_squares_fake_loss", {{2}}, [](Vars v) { return least_squares_fake_loss(v[0]); }},
      {"least_squares_generator_loss", {{2}}, [](Vars v) { return least_squares_generator_loss(v[0]); }},
      {"gaussian_kl", {{2, 3}, {2, 3}}, [](Vars v) { return gaussian_kl(v[0], v[1]); }},
      {"reparameterize", {{2, 3}, {2, 3}}, [](Vars v) { return reparameterize(v[0], v[1], v[0].value()); }},
      {"bernoulli_nll", {{2, 3}}, [](Vars v) { return bernoulli_nll(v[0], v[0].value()); }},
      {"squared_error", {{2, 3}}, [](Vars v) { return fixed_gaussian_nll(v[0], v[0].value(), 1); }},
      {"learned_gaussian_nll",
       {{2, 3}, {1}},
       [](Vars v) { return learned_gaussian_nll(v[0], v[1], v[0].value()); }},
      {"elbo", {{2}, {2}}, [](Vars v) { return elbo(v[0], v[1]); }},
      {"vae_loss", {{2}, {2}}, [](Vars v) { return vae_loss(v[0], v[1], 4); }},
      {"importance_weighted_bound", {{2, 3}}, [](Vars v) { return importance_weighted_bound(v[0]); }},
      {"kl_divergence", {{2, 3}, {2, 3}}, [](Vars v) { return kl_divergence(v[0], v[1]); }},
      {"js_divergence", {{2, 3}, {2, 3}}, [](Vars v) { return js_divergence(v[0], v[1]); }},
      {"minimax_fake_loss", {{2, 1}}, [](Vars v) { return minimax_fake_loss(v[0]); }},
      {"saturating_generator_loss", {{2}}, [](Vars v) { return saturating_generator_loss(v[0]); }},
      {"non_saturating_generator_loss", {{2}}, [](Vars v) { return non_saturating_generator_loss(v[0]); }},
      {"cycle_loss", {{2, 3}}, [](Vars v) { return cycle_loss(v[0], v[0].value()); }},
      {"identity_loss", {{2, 3}}, [](Vars v) { return identity_loss(v[0], v[0].value()); }},
      {"with_label",
       {{2, 3}},
       [](Vars v) {
         return with_label(v[0], {1, 0}, 2);
       }},
      {"affine_coupling",
       {{2, 3}, {2, 3}, {2, 3}},
       [](Vars v) { return affine_coupling(half_of_three, v[0], v[1], v[2]); }},
      {"inverse_coupling",
       {{2, 3}, {2, 3}, {2, 3}},
       [](Vars v) { return inverse_coupling(half_of_three, v[0], v[1], v[2]); }},
      {"coupling_log_det", {{2, 3}}, [](Vars v) { return coupling_log_det(half_of_three, v[0]); }},
      {"change_of_variables", {{2, 3}, {2}}, [](Vars v) { return change_of_variables(v[0], v[1]); }},
      {"prediction_loss", {{2, 3}, {2, 3}}, [](Vars v) { return prediction_loss(v[0], v[1]); }},
      {"conv2d", {pictures, {5, 2, 2, 3}, {5}}, [](Vars v) { return conv2d(v[0], v[1], v[2]); }},
      {"conv2d",
       {pictures, {5, 3, 3, 3}, {5}},
       [](Vars v) { return conv2d(v[0], v[1], v[2], {.stride = 2, .padding = 1}); }},
      {"conv2d", {{2, 5, 5, 64}, {64, 3, 3, 64}, {64}}, [](Vars v) { return conv2d(v[0], v[1], v[2]); }},
      {"conv2d", {{2, 5, 5, 64}, {1, 3, 3, 64}, {1}}, [](Vars v) { return conv2d(v[0], v[1], v[2]); }},
      {"conv_transpose2d",
       {pictures, {3, 2, 2, 5}, {5}},
       [](Vars v) { return conv_transpose2d(v[0], v[1], v[2], {.stride = 2, .output_padding = 1}); }},
      {"conv_transpose2d",
       {{2, 4, 4, 64}, {64, 4, 4, 64}, {64}},
       [](Vars v) { return conv_transpose2d(v[0], v[1], v[2], {.stride = 2, .padding = 1}); }},
      {"conv2d", {pictures, {5, 2, 2, 3}, {5}}, [](Vars v) { return naive<NaiveConv2d>(v, 2, 1); }},
      {"conv_transpose2d",
       {pictures, {3, 2, 2, 5}, {5}},
       [](Vars v) { return naive<NaiveConvTranspose2d>(v, 2, 0, 1); }},
      {"max_pool2d", {pictures}, [](Vars v) { return max_pool2d(v[0], 2); }},
      {"average_pool2d", {pictures}, [](Vars v) { return average_pool2d(v[0], 3, 1); }},
      {"upsample_nearest", {pictures}, [](Vars v) { return upsample_nearest(v[0], 2); }},
      {"reflection_pad2d", {pictures}, [](Vars v) { return reflection_pad2d(v[0], 2); }},
      {"batch_norm", {pictures, {3}, {3}}, [](Vars v) { return batch_norm(v[0], v[1], v[2], running); }},
      {"batch_norm_eval",
       {pictures, {3}, {3}},
       [](Vars v) { return batch_norm_eval(v[0], v[1], v[2], running); }},
      {"instance_norm", {pictures, {3}, {3}}, [](Vars v) { return instance_norm(v[0], v[1], v[2]); }},
      {"instance_norm_eval",
       {pictures, {3}, {3}},
       [](Vars v) { return instance_norm_eval(v[0], v[1], v[2], running); }},
      {"layer_norm", {pictures, {3}, {3}}, [](Vars v) { return layer_norm(v[0], v[1], v[2]); }},
      {"group_norm", {pictures, {3}, {3}}, [](Vars v) { return group_norm(v[0], 3, v[1], v[2]); }},
      {"instance_norm",
       {pictures, {3}, {3}},
       [](Vars v) { return instance_norm(v[0], v[1], v[2], running); }},
      {"layer_norm", {{2, 3}, {3}, {3}}, [](Vars v) { return layer_norm(v[0], v[1], v[2]); }},
      {"pixel_norm", {pictures}, [](Vars v) { return pixel_norm(v[0]); }},
      {"minibatch_deviation", {pictures}, [](Vars v) { return minibatch_deviation(v[0], 2); }},
  };
  return all;
}

}  // namespace gradus::misuse
