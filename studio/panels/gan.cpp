// Panel 3, "The GAN game": points on a line or in the plane, trained by the library's own two steps.
#include <map>
#include <memory>
#include <string>

#include "5_adversarial/point_net.hpp"
#include "answer.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/data/generated/mixture.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/histogram.hpp"
#include "gradus/generative/modes.hpp"
#include "gradus/generative/p_fake.hpp"
#include "gradus/generative/wasserstein.hpp"
#include "gradus/nn/ema.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/optim/optimizer.hpp"

namespace gradus::studio {
namespace {

using lecture::leaky;
using lecture::PointNet;

constexpr Index shown = 256, scored = 1000, cells = 24;

/// What the page's controls set, by name. Up to `follow` they take effect at a reset,
/// the others at the next step.
std::map<std::string, double> settings{
    {"hidden", 32},   {"z_size", 1}, {"z_mean", 0},    {"z_deviation", 1}, {"follow", 0},
    {"batch", 256},   {"loss", 1},   {"lr_d", 1e-3},   {"lr_g", 1e-3},     {"beta1", 0.5},
    {"penalty", 0.1}, {"noise", 0},  {"noise_end", 0}, {"averaging", 0}};

double of(const char* name) { return settings.at(name); }
Index whole(const char* name) { return static_cast<Index>(std::lround(of(name))); }
Real real(const char* name) { return static_cast<Real>(of(name)); }

/// 0: the slide's game, 1: non-saturating, 2: least squares,
/// 3: D's losses of one edition with G's of the other.
GanLosses losses_of(Index kind) {
  if (kind == 1) return non_saturating_losses();
  if (kind == 2) return least_squares_losses();
  GanLosses losses = minimax_losses();
  if (kind == 3) losses.generator = p_fake::saturating_generator_loss;
  return losses;
}

/// Adam whose beta1 can change while it trains: its averages are kept.
std::unique_ptr<Adam> adam_with(const std::vector<Parameter*>& parameters, Real beta1, Adam* before) {
  auto adam = std::make_unique<Adam>(parameters, Adam::Options{.beta1 = beta1});
  if (!before) return adam;
  const State from = before->state(), to = adam->state();
  for (std::size_t i = 0; i < from.tensors.size(); ++i)
    Tensor(to.tensors[i].second).copy_from(from.tensors[i].second);
  for (std::size_t i = 0; i < from.counters.size(); ++i) *to.counters[i].second = *from.counters[i].second;
  return adam;
}

double w1_of(const Tensor& a, const Tensor& b) {
  return a.dim(1) == 1 ? wasserstein1(a, b) : sliced_wasserstein1(a, b);
}

/// The shares of the samples in the cells of a grid, and of those outside: [1, cells^D + 1].
Tensor shares(const Tensor& x) {
  const Histogram histogram(x, {.bins = cells, .low = -4, .high = 4, .extra = Real(1e-6)});
  const Tensor& counts = histogram.counts();
  Tensor out({1, counts.size() + 1});
  double inside = 0;
  for (Index i = 0; i < counts.size(); ++i) inside += counts[i];
  const auto N = static_cast<double>(x.dim(0));
  for (Index i = 0; i < counts.size(); ++i) out[i] = static_cast<Real>(counts[i] / N);
  out[counts.size()] = static_cast<Real>((N - inside) / N);
  return out;
}
double js_of(const Tensor& a, const Tensor& b) { return js_divergence(shares(a), shares(b)).item(); }

/// One training: the networks, their optimizers and the data.
class Game {
 public:
  Game(std::uint64_t seed, GaussianMixture data)
      : init_(Rng(seed).split("nets")),
        rng_(Rng(seed).split("training")),
        dims_(data.centers.dim(1)),
        net_(init_, {whole("z_size"), whole("hidden"), whole("hidden"), dims_}, dims_ == 1 ? leaky : relu),
        discriminator_(init_, {dims_, whole("hidden"), whole("hidden"), 1}, leaky),
        data_(std::move(data)),
        follow_(of("follow") != 0),
        z_mean_(real("z_mean")),
        z_deviation_(real("z_deviation")) {
    Rng looks = Rng(seed).split("looks");
    shown_z_ = noise(shown, looks), scored_z_ = noise(scored, looks);
    set_data(data_);
    refresh();
  }

  void set_data(GaussianMixture data) {
    GRADUS_CHECK(data.centers.rank() == 2 && data.centers.dim(1) == dims_, "the data are ",
                 data.centers.shape(), ", the networks are for points of ", dims_, " numbers: rewind");
    data_ = std::move(data);
    Rng looks(1, 7);
    shown_data_ = data_.sample(shown, looks), scored_data_ = data_.sample(scored, looks);
    floors_.clear();
  }

  /// Follows the settings that may change while the networks train.
  void refresh() {
    if (!d_adam_ || of("beta1") != beta1_) {
      beta1_ = of("beta1");
      g_adam_ = adam_with(net_.parameters(), real("beta1"), g_adam_.get());
      d_adam_ = adam_with(discriminator_.parameters(), real("beta1"), d_adam_.get());
    }
    if (!average_ || of("averaging") != averaging_) {
      averaging_ = of("averaging");
      average_ = std::make_unique<Ema>(net_, real("averaging"));
    }
    g_adam_->lr = real("lr_g"), d_adam_->lr = real("lr_d");
    losses_ = losses_of(whole("loss"));
  }

  /// One step of D; its loss.
  Real step_d() {
    const Index batch = whole("batch");
    const Tensor real_points = data_.sample(batch, rng_), z = noise(batch, rng_);
    const Real weight = real("penalty");
    const auto steepness = [&] {
      const Tensor ways = Tensor::randn(real_points.shape(), rng_);
      return weight * mean(difference_penalty(std::ref(discriminator_), real_points, ways));
    };
    return discriminator_step(noisy(), generator(), real_points, z, losses_, *d_adam_,
                              weight > 0 ? std::function<Var()>(steepness) : nullptr)
        .loss;
  }

  /// One step of G; its loss.
  Real step_g() {
    const Real loss =
        generator_step(noisy(), discriminator_, generator(), noise(whole("batch"), rng_), losses_, *g_adam_);
    average_->update();
    ++rounds_;
    return loss;
  }

  Index dims() const { return dims_; }
  const Tensor& data() const { return shown_data_; }
  Tensor fakes() { return fakes_of(shown_z_); }

  /// D's output at places [N, dims]: P(real), or with least squares the output itself, cut to 0 .. 1.
  Tensor judged(const Tensor& places) {
    Tensor out = (whole("loss") == 2 ? discriminator_(places) : sigmoid(discriminator_(places))).value();
    for (Real& p : out.values()) p = std::clamp(p, Real(0), Real(1));
    return out;
  }

  /// The direction in which G's loss pulls each shown point: -d loss / d x, [shown, dims].
  Tensor pulls() {
    Parameter points(fakes().clone());
    const Frozen constant{discriminator_};
    Tape tape;
    tape.backward(sum(losses_.generator(discriminator_(points))));
    Tensor out = points.grad.clone();
    for (Real& g : out.values()) g = -g;
    return out;
  }

  /// The distance of the generated points to the data, and its floor: the mean over pairs of samples of the
  /// data.
  std::vector<float> distance(const std::string& name, double (*between)(const Tensor&, const Tensor&)) {
    if (floors_.count(name) == 0) {
      constexpr int pairs = 8;
      Rng rng(1, 8);
      double sum = 0;
      for (int i = 0; i < pairs; ++i) {
        const Tensor a = data_.sample(scored, rng), b = data_.sample(scored, rng);
        sum += between(a, b) / pairs;
      }
      floors_[name] = static_cast<float>(sum);
    }
    return {static_cast<float>(between(fakes_of(scored_z_), scored_data_)), floors_[name]};
  }

  /// {covered modes, all modes, share of points within 3 deviations of a mode}
  std::vector<float> modes() {
    const ModeCoverage seen = mode_coverage(fakes_of(scored_z_), data_.centers, data_.deviation);
    return {static_cast<float>(seen.modes), static_cast<float>(data_.centers.dim(0)),
            static_cast<float>(seen.high_quality)};
  }

 private:
  Tensor noise(Index count, Rng& rng) const {
    return Tensor::randn({count, whole("z_size")}, rng, z_mean_, z_deviation_);
  }
  /// z -> net(z), or z + net(z): points that start where the noise is.
  Network generator() {
    if (!follow_) return std::ref(net_);
    return [this](const Var& z) { return z + net_(z); };
  }
  Tensor fakes_of(const Tensor& z) {
    if (averaging_ == 0) return generator()(z).value();
    const Ema::Applied averaged(*average_);
    return generator()(z).value();
  }
  /// D behind noise on its input. The noise falls to 0 at the round `noise_end`, or stays if that is 0.
  Network noisy() {
    const double end = of("noise_end"), now = static_cast<double>(rounds_);
    const auto blur = static_cast<Real>(of("noise") * (end > 0 ? std::max(0.0, 1 - now / end) : 1));
    if (blur == 0) return std::ref(discriminator_);
    return [this, blur](const Var& x) {
      return discriminator_(x + Var(Tensor::randn(x.shape(), rng_, 0, blur)));
    };
  }

  Rng init_, rng_;
  Index dims_, rounds_ = 0;
  PointNet net_, discriminator_;
  GaussianMixture data_;
  bool follow_;
  Real z_mean_, z_deviation_;
  double beta1_ = 0, averaging_ = 0;
  std::unique_ptr<Adam> g_adam_, d_adam_;
  std::unique_ptr<Ema> average_;
  GanLosses losses_;
  Tensor shown_z_, scored_z_, shown_data_, scored_data_;
  std::map<std::string, float> floors_;
};

std::unique_ptr<Game> game;
GaussianMixture data{Tensor::of({1, 1}, {2}), Real(0.5)};

Game& playing() {
  GRADUS_CHECK(game, "the game has not begun");
  return *game;
}

/// The recipes' data, by number.
GaussianMixture data_of(int kind) {
  if (kind == 0) return {Tensor::of({1, 1}, {2}), Real(0.5)};
  if (kind == 1) return {Tensor::of({2, 1}, {-2, 2}), Real(0.3)};
  if (kind == 2) return ring_of_gaussians();
  if (kind == 3) return two_moons();
  Tensor grid({9, 2});
  for (Index i = 0; i < 9; ++i)
    grid[2 * i] = static_cast<Real>(2 * (i % 3) - 2), grid[2 * i + 1] = static_cast<Real>(2 * (i / 3) - 2);
  return {grid, Real(0.1)};
}

/// Points of the line or the plane where D is shown: n, or n x n from the upper left, in -edge .. edge.
Tensor places(Index n, Index dims, double edge) {
  Tensor out({dims == 1 ? n : n * n, dims});
  const auto at = [&](Index i) {
    return static_cast<Real>(edge * (2 * (static_cast<double>(i) + 0.5) / static_cast<double>(n) - 1));
  };
  for (Index i = 0; i < out.dim(0); ++i) {
    out[dims * i] = at(i % n);
    if (dims == 2) out[2 * i + 1] = -at(i / n);
  }
  return out;
}

}  // namespace

extern "C" {

EMSCRIPTEN_KEEPALIVE const Answer* gan_set(const char* name, double value) {
  return answer([&] {
    GRADUS_CHECK(settings.count(name) == 1, "the game has no setting \"", name, "\"");
    settings[name] = value;
    if (game) game->refresh();
  });
}

/// The data: 0 one cluster, 1 two clusters, 2 ring, 3 moons, 4 grid.
EMSCRIPTEN_KEEPALIVE const Answer* gan_data(int kind) {
  return answer([&] {
    data = data_of(kind);
    if (game && game->dims() == data.centers.dim(1)) game->set_data(data);
  });
}

/// The data: drawn points [n, dims]; samples are spread around them.
EMSCRIPTEN_KEEPALIVE const Answer* gan_draw(const float* points, int count, int dims) {
  return answer([&] {
    GRADUS_CHECK(count >= dims && (dims == 1 || dims == 2), "draw at least one point");
    data = {Tensor::of({count / dims, dims}, std::span(points, static_cast<std::size_t>(count))), Real(0.08)};
    if (game && game->dims() == dims) game->set_data(data);
  });
}

/// Starts again: the same seed and settings give the same training.
EMSCRIPTEN_KEEPALIVE const Answer* gan_reset(int seed) {
  return answer([&] {
    game.reset();
    game = std::make_unique<Game>(static_cast<std::uint64_t>(seed), data);
  });
}

/// One step of D (0) or of G (1): its loss.
EMSCRIPTEN_KEEPALIVE const Answer* gan_step(int network) {
  return answer([&] { return std::vector<float>{network == 0 ? playing().step_d() : playing().step_g()}; });
}

EMSCRIPTEN_KEEPALIVE const Answer* gan_points() {
  return answer([&] { return playing().data(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* gan_fakes() {
  return answer([&] { return playing().fakes(); });
}
/// P(real) at the places of a grid.
EMSCRIPTEN_KEEPALIVE const Answer* gan_surface(int n, double edge) {
  return answer([&] { return playing().judged(places(n, playing().dims(), edge)); });
}
EMSCRIPTEN_KEEPALIVE const Answer* gan_pulls() {
  return answer([&] { return playing().pulls(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* gan_w1() {
  return answer([&] { return playing().distance("W1", w1_of); });
}
EMSCRIPTEN_KEEPALIVE const Answer* gan_js() {
  return answer([&] { return playing().distance("JS", js_of); });
}
EMSCRIPTEN_KEEPALIVE const Answer* gan_modes() {
  return answer([&] { return playing().modes(); });
}

}  // extern "C"

}  // namespace gradus::studio
