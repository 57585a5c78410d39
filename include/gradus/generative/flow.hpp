#pragma once
// A normalizing flow: couplings in a row, whose networks are trained by maximum likelihood.
#include <memory>
#include <vector>

#include "gradus/generative/affine_coupling.hpp"
#include "gradus/generative/change_of_variables.hpp"
#include "gradus/nn/layers.hpp"

namespace gradus {

/// One coupling with its network: s = tanh(a) e^g and t from (a, t) = network(m x). The last layer starts
/// at 0, so the coupling starts as the identity; tanh keeps the scale bounded,
/// and the learned g [D] sets the bound.
struct CouplingLayer : Module {
  /// mask [D]; the network has `depth` hidden layers of `hidden` units.
  CouplingLayer(Module& parent, const std::string& name, const Tensor& mask_in, Index hidden, Index depth);
  /// y [B, D] and log |det dy/dx| [B] of x [B, D].
  std::pair<Var, Var> operator()(const Var& x);
  /// x [B, D] of y.
  Var inverse(const Var& y);

  Tensor mask;      ///< [D]
  Mlp network;      ///< D -> 2 D
  Parameter bound;  ///< [D] g

 private:
  std::pair<Var, Var> scale_and_shift(const Var& x);
};

/// RealNVP: x -> z through all couplings, one per mask, with p(x) = N(f(x); 0, I) |det df/dx|.
///
/// Every function throws Error when x is not [B, D]. Dinh, Sohl-Dickstein, Bengio 2017.
class Flow : public Module {
 public:
  /// One coupling per mask [D]. Throws Error without masks, or when their sizes differ.
  Flow(Rng& random, const std::vector<Tensor>& masks, Index hidden, Index depth = 2);
  /// z = f(x) [B, D] and the sum of the log-determinants [B].
  std::pair<Var, Var> encode(const Var& x);
  /// The inverse: x [B, D] of z, exact up to rounding. Where f shrinks distances by a factor c, several x
  /// have the same rounded z, so decode(encode(x)) may differ from x by 1 / c times the rounding of z.
  Var decode(const Var& z);
  /// All intermediate results of decode, after every coupling; the last one is x.
  std::vector<Var> decode_stages(const Var& z);
  /// log p(x_b), [B], in nats.
  Var log_density(const Var& x);
  /// Number of coordinates D of a point.
  Index size() const { return layers_.front()->mask.size(); }

 private:
  std::vector<std::unique_ptr<CouplingLayer>> layers_;
};

}  // namespace gradus
