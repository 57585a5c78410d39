// The numbers of the examples in the lesson of part 5: the two steps, the game of known distributions, modes,
// scores, paths of noise, inversion, growing networks, labels.
#include <cmath>

#include "5_adversarial/progressive.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/generative/metrics.hpp"
#include "gradus/generative/minimax_game.hpp"
#include "gradus/generative/modes.hpp"
#include "gradus/generative/wasserstein.hpp"
#include "gradus/generative/with_label.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/optim/optimizer.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

using Arguments = ExampleArguments;

Tensor one(double value) { return Tensor::of({1}, {static_cast<Real>(value)}); }
/// An element of x whose index is the argument `name`.
double element(const Tensor& x, const Arguments& a, const std::string& name) {
  return x[static_cast<Index>(a.number(name))];
}
Index count(const Arguments& a, const std::string& name) { return static_cast<Index>(a.number(name)); }
/// The numbers of an argument as points on a line, [N, 1].
Tensor points(const Arguments& a, const std::string& name) { return a.list(name).reshape({-1, 1}); }

// --- 22

double d_loss(const Arguments& a) {
  const GanLosses losses = non_saturating_losses();
  return double(losses.real(a.list("logit_real")).item()) + losses.fake(a.list("logit_fake")).item();
}

/// x -> w x + b, on a line.
struct Affine : Module {
  Affine(Rng& random, double w, double b) : Module(random) {
    layer.w.value.fill(static_cast<Real>(w)), layer.b.value.fill(static_cast<Real>(b));
  }
  Var operator()(const Var& x) { return layer(x); }
  Linear layer{*this, "layer", 1, 1};
};

/// The shift c of the generator z + c after one step of gradient descent, against the logit w x + b.
double shift_after_step(const Arguments& a) {
  Rng rng(1);
  Affine generator(rng, 1, a.number("c")), discriminator(rng, a.number("w"), a.number("b"));
  Sgd sgd({&generator.layer.b}, {.lr = static_cast<Real>(a.number("rate"))});
  generator_step(std::ref(discriminator), discriminator, std::ref(generator), a.row("z"),
                 non_saturating_losses(), sgd);
  return generator.layer.b.value.item();
}

// --- 23, 29

Tensor best_d(const Arguments& a) { return optimal_discriminator(a.row("p"), a.row("q")); }
double value_of_d(const Arguments& a) { return game_value(a.row("p"), a.row("q"), a.row("d")).item(); }
double js(const Arguments& a) { return js_divergence(a.row("p"), a.row("q")).item(); }

template <class Loss>
double gradient(Loss loss, const Arguments& a) {
  Parameter logit(a.list("logit"));
  Tape tape;
  tape.backward(loss(logit));
  return logit.grad.item();
}

// --- 24

/// `modes` equally probable modes, of which the generator reproduces `covered`.
struct Collapse {
  Tensor p, q;
  explicit Collapse(const Arguments& a)
      : p(Tensor::full({1, count(a, "modes")}, static_cast<Real>(1 / a.number("modes")))),
        q(Tensor::zeros(p.shape())) {
    for (Index m = 0; m < count(a, "covered"); ++m) q[m] = static_cast<Real>(1 / a.number("covered"));
  }
  Tensor d() const { return optimal_discriminator(p, q); }
};

ModeCoverage coverage(const Arguments& a) {
  return mode_coverage(points(a, "points"), points(a, "centres"), static_cast<Real>(a.number("deviation")));
}

/// G's loss at a covered mode, from the logit of the optimal D there.
double collapsed_g_loss(const Arguments& a) {
  const double d = Collapse(a).d()[0];
  return non_saturating_generator_loss(one(std::log(d / (1 - d)))).item();
}

// --- 25, 26

NeighbourScores neighbours(const Arguments& a) {
  return neighbour_scores(points(a, "real"), points(a, "generated"), count(a, "k"));
}

using Path = Tensor (*)(const Tensor&, const Tensor&, Index);
Tensor middle(Path path, const Arguments& a) { return path(a.list("a"), a.list("b"), 3).row(1); }
double length(const Tensor& x) { return std::hypot(x[0], x[1]); }

// --- 27

/// (w z - x)^2 and its gradient with respect to z.
struct Searched {
  explicit Searched(const ExampleArguments& a) {
    Tape tape;
    const Var z = tape.watch(a.row("z"));
    const Var loss = sum(squared_error(linear(z, a.row("w"), Tensor::zeros({1})), a.row("x")));
    tape.backward(loss);
    error = loss.item(), gradient = tape.grad(z).item();
  }
  double error, gradient;
};

// --- 29

double input(const Arguments& a) {
  const int label = static_cast<int>(a.number("label")), classes = static_cast<int>(a.number("classes"));
  return element(with_label(a.row("x"), {label}, classes).value(), a, "place");
}

}  // namespace

const LessonExamples lesson_examples_5 = {
    {"22", "d_loss(logit_real, logit_fake)", d_loss},
    {"22", "g_loss(logit_fake)",
     [](const Arguments& a) { return double(non_saturating_generator_loss(a.list("logit_fake")).item()); }},
    {"22", "shift_after_step(z, w, b, c, rate)", shift_after_step},
    {"22", "w1(real, generated)",
     [](const Arguments& a) { return wasserstein1(a.list("real"), a.list("generated")); }},

    {"23", "optimal_d(p, q, place)", [](const Arguments& a) { return element(best_d(a), a, "place"); }},
    {"23", "value(p, q, d)", value_of_d},
    {"23", "js(p, q)", js},
    {"23", "bound_of_js(p, q, d)", [](const Arguments& a) { return (value_of_d(a) + std::log(4.0)) / 2; }},
    {"23", "saturating_gradient(logit)",
     [](const Arguments& a) { return gradient(saturating_generator_loss, a); }},
    {"23", "non_saturating_gradient(logit)",
     [](const Arguments& a) { return gradient(non_saturating_generator_loss, a); }},

    {"24", "modes(centres, deviation, points)", [](const Arguments& a) { return double(coverage(a).modes); }},
    {"24", "high_quality(centres, deviation, points)",
     [](const Arguments& a) { return coverage(a).high_quality; }},
    {"24", "share_of_mode(centres, deviation, points, mode)",
     [](const Arguments& a) { return coverage(a).shares.at(static_cast<std::size_t>(a.number("mode"))); }},
    {"24", "optimal_d(covered, modes)", [](const Arguments& a) { return double(Collapse(a).d()[0]); }},
    {"24", "value(covered, modes)",
     [](const Arguments& a) {
       const Collapse game(a);
       return double(game_value(game.p, game.q, game.d()).item());
     }},
    {"24", "g_loss(covered, modes)", collapsed_g_loss},

    {"25", "inception_score(p)", [](const Arguments& a) { return inception_score(a.matrix("p")); }},
    {"25", "frechet_distance(real, generated)",
     [](const Arguments& a) {
       return frechet_distance(moments_of(points(a, "real")), moments_of(points(a, "generated")));
     }},
    {"25", "precision(real, generated, k)", [](const Arguments& a) { return neighbours(a).precision; }},
    {"25", "recall(real, generated, k)", [](const Arguments& a) { return neighbours(a).recall; }},
    {"25", "density(real, generated, k)", [](const Arguments& a) { return neighbours(a).density; }},
    {"25", "coverage(real, generated, k)", [](const Arguments& a) { return neighbours(a).coverage; }},

    {"26", "lerp_middle(a, b, axis)", [](const Arguments& a) { return element(middle(lerp, a), a, "axis"); }},
    {"26", "length_of_lerp_middle(a, b)", [](const Arguments& a) { return length(middle(lerp, a)); }},
    {"26", "slerp_middle(a, b, axis)",
     [](const Arguments& a) { return element(middle(slerp, a), a, "axis"); }},
    {"26", "length_of_slerp_middle(a, b)", [](const Arguments& a) { return length(middle(slerp, a)); }},
    {"26", "normal_quantile(p)", [](const Arguments& a) { return normal_quantile(a.number("p")); }},

    {"27", "error(z, w, x)", [](const ExampleArguments& a) { return Searched(a).error; }},
    {"27", "gradient(z, w, x)", [](const ExampleArguments& a) { return Searched(a).gradient; }},
    {"28", "fade(old, new, alpha)",
     [](const ExampleArguments& a) -> double {
       return lecture::blended(a.row("old"), a.row("new"), static_cast<Real>(a.number("alpha"))).item();
     }},
    {"28", "pixel_norm(features)",
     [](const ExampleArguments& a) -> double { return pixel_norm(a.row("features")).value()[0]; }},
    {"28", "deviation(pictures)",
     [](const ExampleArguments& a) -> double {
       const Tensor pictures = a.list("pictures");
       return minibatch_deviation(pictures.reshape({pictures.size(), 1, 1, 1}), pictures.size()).value()[1];
     }},

    {"29", "optimal_value(p, q)",
     [](const Arguments& a) { return double(game_value(a.row("p"), a.row("q"), best_d(a)).item()); }},
    {"29", "js(p, q)", js},
    {"29", "optimal_d(p, q, place)", [](const Arguments& a) { return element(best_d(a), a, "place"); }},
    {"29", "input(x, label, classes, place)", input},
};
