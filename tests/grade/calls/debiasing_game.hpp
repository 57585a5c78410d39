#pragma once
// Exercise 11: a batch of a debiasing VAE and a small network with batch norm, with all observable results.
// The function is an argument: the student's, the library's, or a known mistake.
#include <functional>

#include "../calls.hpp"
#include "gradus/autograd/var.hpp"
#include "gradus/nn/module.hpp"

namespace gradus::grade {

using DebiasingLoss =
    std::function<Var(const Var& logits, const Tensor& face, const Var& mu, const Var& logvar,
                      const Tensor& noise, const std::function<Var(const Var&)>& nll, Real weight)>;
using LatentMeans = std::function<Tensor(Module& module, const std::function<Var(const Tensor&)>& mean_of,
                                         const Tensor& images, Index batch)>;

/// One batch; -log p(x|z) is 1/2 |x - z|^2.
///
///   in    logits [B], face [B], mu, logvar, noise, x [B, K], weight [1], slope [B]
///   out   loss [B], gradients of logits, mu and logvar, [1] number of calls of nll
Tensors debiasing_batch(const Tensors& in, const DebiasingLoss& loss);

/// The codes of all images by a network of batch norm and one linear layer.
///
///   in    images [N, 2, 2, 3], w [K, 12], running mean [3], batch [1], [1] 1: the network is in
///         training mode before
///   out   codes [N, K], [2] mode of the network and of its batch norm afterwards, running mean afterwards,
///         [1] number of calls, [1] largest batch
Tensors coded_images(const Tensors& in, const LatentMeans& means);

}  // namespace gradus::grade
