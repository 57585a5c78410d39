// The numbers of the examples in the lesson of part 7: a coupling and its density, steps of a diffusion,
// parts of a KL term, scores of samples, losses with their baselines.
#include "gradus/generative/affine_coupling.hpp"
#include "gradus/generative/change_of_variables.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/flow_matching.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/metrics.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

using Arguments = ExampleArguments;

Index whole(const Arguments& a, const std::string& name) { return static_cast<Index>(a.number(name)); }
/// The numbers of an argument as points on a line, [N, 1].
Tensor points(const Arguments& a, const std::string& name) { return a.list(name).reshape({-1, 1}); }
/// The only value.
double only(const Var& x) { return x.item(); }

// --- 33

double coupled(Var (*coupling)(const Tensor&, const Var&, const Var&, const Var&), const Arguments& a,
               const std::string& from) {
  return coupling(a.list("mask"), a.row(from), a.row("s"), a.row("t")).value()[whole(a, "place")];
}

// --- 34

NoiseSchedule schedule(const Arguments& a) { return {a.numbers("alpha_bar")}; }

LinePoint on_line(const Arguments& a) { return line_point(a.row("noise"), a.row("data"), a.list("t")); }

double ancestral(const Arguments& a) {
  return only(ancestral_step(a.row("x"), a.row("noise"), a.row("fresh"), whole(a, "t"), schedule(a)));
}

double guided_prediction(const Arguments& a) {
  const auto predicting = [&](const std::string& name) -> TimedNetwork {
    return [x = a.row(name)](const Var&, const Tensor&) { return Var(x); };
  };
  return only(guided(predicting("label"), predicting("none"), static_cast<Real>(a.number("weight")))(
      Tensor::zeros({1, 1}), Tensor::zeros({1})));
}

// --- 36

NeighbourScores neighbours(const Arguments& a) {
  return neighbour_scores(points(a, "real"), points(a, "generated"), whole(a, "k"));
}

// --- 38

double loss_of_vae(const Arguments& a) {
  return only(vae_loss(Var(a.list("reconstruction")) / static_cast<Real>(a.number("pixels")), a.list("kl")));
}

double loss_of_d(const Arguments& a) {
  const GanLosses losses = non_saturating_losses();
  return only(losses.real(a.list("logit_real"))) + only(losses.fake(a.list("logit_fake")));
}

}  // namespace

const LessonExamples lesson_examples_7 = {
    {"33", "coupling(mask, x, s, t, place)",
     [](const Arguments& a) { return coupled(affine_coupling, a, "x"); }},
    {"33", "inverse(mask, y, s, t, place)",
     [](const Arguments& a) { return coupled(inverse_coupling, a, "y"); }},
    {"33", "log_det(mask, s)",
     [](const Arguments& a) { return only(coupling_log_det(a.list("mask"), a.row("s"))); }},
    {"33", "log_p(z, log_det)",
     [](const Arguments& a) { return only(change_of_variables(a.row("z"), a.list("log_det"))); }},
    {"33", "dequantized(x, noise)",
     [](const Arguments& a) { return only(dequantize(a.row("x"), a.row("noise")).values); }},
    {"33", "logit(u)", [](const Arguments& a) { return only(logit_transform(a.row("u")).values); }},
    {"33", "bits(log_p, pixels)",
     [](const Arguments& a) { return bits_per_dimension(a.number("log_p"), whole(a, "pixels")); }},

    {"34", "noised(alpha_bar, x0, noise, t)",
     [](const Arguments& a) {
       return only(diffuse(a.row("x0"), a.row("noise"), {whole(a, "t")}, schedule(a)));
     }},
    {"34", "data(alpha_bar, x, noise, t)",
     [](const Arguments& a) {
       return only(predicted_data(a.row("x"), a.row("noise"), whole(a, "t"), schedule(a)));
     }},
    {"34", "ddim(alpha_bar, x, noise, t, to)",
     [](const Arguments& a) {
       return only(ddim_step(a.row("x"), a.row("noise"), whole(a, "t"), whole(a, "to"), schedule(a)));
     }},
    {"34", "variance(alpha_bar, t)",
     [](const Arguments& a) { return schedule(a).posterior_variance(whole(a, "t")); }},
    {"34", "ancestral(alpha_bar, x, noise, fresh, t)", ancestral},
    {"34", "line(noise, data, t)", [](const Arguments& a) { return only(on_line(a).x); }},
    {"34", "velocity(noise, data, t)", [](const Arguments& a) { return only(on_line(a).velocity); }},
    {"34", "euler(x, velocity, dt)",
     [](const Arguments& a) {
       return only(euler_step(a.row("x"), a.row("velocity"), static_cast<Real>(a.number("dt"))));
     }},
    {"34", "guided(label, none, weight)", guided_prediction},
    {"34", "loss(prediction, noise)",
     [](const Arguments& a) { return only(prediction_loss(a.row("prediction"), a.row("noise"))); }},

    {"35", "kl(p, q)", [](const Arguments& a) { return only(kl_divergence(a.row("p"), a.row("q"))); }},
    {"35", "information(first, second)",
     [](const Arguments& a) { return only(js_divergence(a.row("first"), a.row("second"))); }},

    {"36", "precision(real, generated, k)", [](const Arguments& a) { return neighbours(a).precision; }},
    {"36", "density(real, generated, k)", [](const Arguments& a) { return neighbours(a).density; }},
    {"36", "coverage(real, generated, k)", [](const Arguments& a) { return neighbours(a).coverage; }},
    {"36", "recall(real, generated, k)", [](const Arguments& a) { return neighbours(a).recall; }},
    {"36", "fid(real, generated)",
     [](const Arguments& a) {
       return frechet_distance(moments_of(points(a, "real")), moments_of(points(a, "generated")));
     }},

    {"37", "accuracy(real, generated)",
     [](const Arguments& a) { return neighbour_test(points(a, "real"), points(a, "generated")); }},

    {"38", "vae(reconstruction, kl, pixels)", loss_of_vae},
    {"38", "d_loss(logit_real, logit_fake)", loss_of_d},
    {"38", "diffusion(prediction, noise)",
     [](const Arguments& a) { return only(prediction_loss(a.row("prediction"), a.row("noise"))); }},
};
