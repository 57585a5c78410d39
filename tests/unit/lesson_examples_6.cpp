// The numbers of the examples in the lesson of part 6.
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/generative/cycle_step.hpp"
#include "gradus/generative/similarity.hpp"
#include "gradus/generative/spectrogram.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/optim/optimizer.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

using Arguments = ExampleArguments;

/// The mean over equally probable truths of a pixel.
double pixel_loss(Var (*loss)(const Var&, const Var&), const Arguments& a) {
  const Tensor truths = a.row("truths");
  const Tensor output = Tensor::full(truths.shape(), static_cast<Real>(a.number("output")));
  return double(loss(output, truths).item()) / static_cast<double>(truths.size());
}

/// The smallest image with one window, with equal pixels.
Tensor flat(const Arguments& a, const std::string& name) {
  return Tensor::full({1, 8, 8, 1}, static_cast<Real>(a.number(name)));
}

// --- 31, 32

Index whole(const ExampleArguments& a, const std::string& name) { return static_cast<Index>(a.number(name)); }

struct NoWeights : Module {
  using Module::Module;
};

/// The translators' loss for G(x) = g x, F(x) = f x, both discriminators the identity, a = b = 1.
double loss_of_translators(const ExampleArguments& a) {
  Parameter g(a.row("g")), f(a.row("f"));
  Rng rng(1);
  NoWeights none(rng);
  const Network to_b = [&](const Var& x) { return linear(x, g, Tensor::zeros({1})); };
  const Network to_a = [&](const Var& x) { return linear(x, f, Tensor::zeros({1})); };
  const Network same = [](const Var& x) { return x; };
  const CycleGan gan{to_b, to_a, same, same, none, none};
  const CycleWeights weights{static_cast<Real>(a.number("cycle")), static_cast<Real>(a.number("identity"))};
  Adam adam({&g, &f});
  const Tensor one = Tensor::full({1, 1}, 1);
  const CycleGeneratorLoss l = cycle_generator_step(gan, one, one, weights, least_squares_losses(), adam);
  return l.game_b + l.game_a + weights.cycle * (l.cycle_a + l.cycle_b) +
         weights.identity * (l.identity_b + l.identity_a);
}

}  // namespace

const LessonExamples lesson_examples_6 = {
    {"30", "l2(truths, output)", [](const Arguments& a) { return pixel_loss(squared_error, a); }},
    {"30", "l1(truths, output)", [](const Arguments& a) { return pixel_loss(l1_error, a); }},
    {"30", "grey_share(output)", [](const Arguments& a) { return grey_share(a.list("output")); }},
    {"30", "ssim(a, b)",
     [](const Arguments& a) {
       return double(structural_similarity(flat(a, "a"), flat(a, "b"), SimilarityWindow::square).item());
     }},

    {"31", "cycle(returned, x)",
     [](const ExampleArguments& a) -> double { return cycle_loss(a.row("returned"), a.row("x")).item(); }},
    {"31", "translators(g, f, cycle, identity)", loss_of_translators},
    {"32", "stft_magnitude(x, window, hop, frame, bin)",
     [](const ExampleArguments& a) {
       const Spectrum X = stft(a.list("x"), {.window = whole(a, "window"), .hop = whole(a, "hop")});
       return magnitude(X).at({whole(a, "frame"), whole(a, "bin")});
     }},
    {"32", "level(magnitude)", [](const ExampleArguments& a) { return decibels(a.list("magnitude"))[0]; }},
    {"32", "convergence(estimate, target)",
     [](const ExampleArguments& a) { return spectral_convergence(a.row("estimate"), a.row("target")); }},
};
