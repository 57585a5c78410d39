#include "gradus/generative/latent_means.hpp"

#include <algorithm>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"

namespace gradus {

Tensor latent_means(Module& module, const std::function<Var(const Tensor&)>& mean_of, const Tensor& images,
                    Index batch) {
  GRADUS_CHECK(images.rank() >= 1 && images.dim(0) >= 1, "latent_means: images ", images.shape(),
               ", expected at least one");
  GRADUS_CHECK(batch >= 1, "latent_means: a batch of ", batch, " images, needs at least 1");
  const Index N = images.dim(0);
  // [11.2]
  const EvalMode evaluation(module);
  const NoTape constant;
  Tensor means;
  for (Index first = 0; first < N; first += batch) {
    const Index last = std::min(first + batch, N);
    const Tensor mu = mean_of(images.rows(first, last)).value();
    GRADUS_CHECK(mu.rank() == 2 && mu.dim(0) == last - first, "latent_means: mu ", mu.shape(), ", expected [",
                 last - first, ", K]");
    if (first == 0) means = Tensor({N, mu.dim(1)});
    means.rows(first, last).copy_from(mu);
  }
  return means;
  // [end]
}

}  // namespace gradus
