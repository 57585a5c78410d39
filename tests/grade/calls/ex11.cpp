#include <cmath>

#include "debiasing_game.hpp"
#include "gradus/base/weighted_draw.hpp"
#include "gradus/generative/debiasing_loss.hpp"
#include "gradus/generative/group_rates.hpp"
#include "gradus/generative/latent_means.hpp"
#include "gradus/generative/resampling.hpp"
#include "kept.hpp"

namespace gradus::grade {
namespace {

template <class List>
Tensor listed(const List& list) {
  if (list.empty()) return {};
  Tensor out({static_cast<Index>(list.size())});
  for (Index i = 0; i < out.size(); ++i) out[i] = static_cast<Real>(list[static_cast<std::size_t>(i)]);
  return out;
}
std::vector<Real> reals(const Tensor& x) { return {x.values().begin(), x.values().end()}; }
std::vector<int> whole(const Tensor& x) { return {x.values().begin(), x.values().end()}; }

/// Per group, for the labels 1 and 0: hits, number, and [count, 2, 3] the rate with the ends of its interval.
/// The rate is -1 where there is no example.
Tensors rates(const Tensors& in) {
  const auto count = static_cast<Index>(in[3].item());
  const auto all =
      group_rates(in[0].values(), whole(in[1]), whole(in[2]), static_cast<int>(count), in[4].item());
  const auto entries = static_cast<Index>(all.size());
  if (entries != count) return {Tensor::zeros({entries}), Tensor::zeros({entries}), Tensor::zeros({entries})};
  Tensor found({count, 2}), of({count, 2}), rate({count, 2, 3});
  for (Index g = 0; g < count; ++g) {
    const GroupRates& r = all[static_cast<std::size_t>(g)];
    found[2 * g] = static_cast<Real>(r.true_positive.hits), of[2 * g] = static_cast<Real>(r.true_positive.of);
    found[2 * g + 1] = static_cast<Real>(r.false_positive.hits);
    of[2 * g + 1] = static_cast<Real>(r.false_positive.of);
    Real* to = rate.data() + 6 * g;
    for (const Proportion& p : {r.true_positive, r.false_positive})
      for (const double value : {p.rate, p.low, p.high})
        *to++ = std::isnan(value) ? Real(-1) : static_cast<Real>(value);
  }
  return {found, of, rate};
}

}  // namespace

std::vector<Call> calls_11() {
  return with_inputs_kept({
      {"debiasing_loss", [](const Tensors& in) { return debiasing_batch(in, debiasing_loss); }},
      {"latent_means", [](const Tensors& in) { return coded_images(in, latent_means); }},
      {"latent_histograms",
       [](const Tensors& in) -> Tensors {
         const LatentHistograms h = latent_histograms(in[0], static_cast<Index>(in[1].item()));
         return {h.share, listed(h.low), listed(h.width)};
       }},
      {"resampling_weights",
       [](const Tensors& in) -> Tensors {
         return {resampling_weights(in[0], {in[1], reals(in[2]), reals(in[3])}, in[4].item())};
       }},
      {"weighted_draw",
       [](const Tensors& in) -> Tensors { return {listed(weighted_draw(in[0].values(), in[1].values()))}; }},
      {"group_rates", rates},
  });
}

}  // namespace gradus::grade
