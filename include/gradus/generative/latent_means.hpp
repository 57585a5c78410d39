#pragma once
// The mean codes of a whole data set, for latent histograms and pictures of the latent space.
#include <functional>

#include "gradus/autograd/var.hpp"
#include "gradus/nn/module.hpp"

namespace gradus {

/// latent_means: the mean codes mu [N, K] of all images, in batches and in evaluation mode (running
/// statistics of batch norm, no dropout). Afterwards the module has the mode that it had before.
///
///   images [N, ..] as the network was trained on them; mean_of: [B, ..] -> mu [B, K], called once per batch
///
/// Throws Error when there is no image, batch < 1, or a batch's result is not [B, K].
Tensor latent_means(Module& module, const std::function<Var(const Tensor&)>& mean_of, const Tensor& images,
                    Index batch = 256);

}  // namespace gradus
