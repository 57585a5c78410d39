// The numbers of the examples in the lesson of part 2.
#include "gradus/autograd/tape.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/generative/pca.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

Index index(const ExampleArguments& a, const char* name) { return static_cast<Index>(a.number(name)) - 1; }
Tensor no_bias(Index outputs) { return Tensor::zeros({outputs}); }

/// A linear autoencoder with a code of one number and no biases: the summed squared error, and its gradients.
struct LinearPair {
  Parameter encoder, decoder;
  explicit LinearPair(const ExampleArguments& a)
      : encoder(a.row("encoder")), decoder(a.list("decoder").reshape({2, 1})) {}
  double error(const Tensor& x) {
    Tape tape;
    const Var again = linear(linear(x, encoder, no_bias(1)), decoder, no_bias(2));
    const Var loss = sum(squared_error(again, x));
    tape.backward(loss);
    return loss.item();
  }
};

/// One hidden unit, relu(2 z - 1), and two pixels with the target (1, 0): the error and its gradient.
struct SmallDecoder {
  Parameter z;
  explicit SmallDecoder(const ExampleArguments& a) : z(a.row("z")) {}
  double error() {
    Tape tape;
    const Var h = relu(affine(z, 2, -1));
    const Var loss = sum(squared_error(sigmoid(linear(h, Tensor::of({2, 1}, {1, -1}), no_bias(2))),
                                       Tensor::of({1, 2}, {1, 0})));
    tape.backward(loss);
    return loss.item();
  }
};

Moments gaussian(double mean, double variance) { return {{mean}, {variance}}; }

}  // namespace

const LessonExamples lesson_examples_2 = {
    {"04", "pca_variance(x, component)",
     [](const ExampleArguments& a) { return fit_pca(a.matrix("x"), 1).variances[index(a, "component")]; }},
    {"04", "pca_axis(x, entry)",
     [](const ExampleArguments& a) { return fit_pca(a.matrix("x"), 1).components[index(a, "entry")]; }},
    {"04", "pca_code(x, point)",
     [](const ExampleArguments& a) {
       return fit_pca(a.matrix("x"), 1).encode(a.matrix("x"))[index(a, "point")];
     }},
    {"04", "pca_decoded(x, point, entry)",
     [](const ExampleArguments& a) {
       return fit_pca(a.matrix("x"), 1).reconstruct(a.matrix("x")).at({index(a, "point"), index(a, "entry")});
     }},
    {"04", "pca_squared_error(x)",
     [](const ExampleArguments& a) {
       return sum(squared_error(fit_pca(a.matrix("x"), 1).reconstruct(a.matrix("x")), a.matrix("x"))).item();
     }},

    {"05", "linear_autoencoder_error(x, encoder, decoder)",
     [](const ExampleArguments& a) { return LinearPair(a).error(a.matrix("x")); }},
    {"05", "decoder_gradient(x, encoder, decoder, entry)",
     [](const ExampleArguments& a) {
       LinearPair pair(a);
       pair.error(a.matrix("x"));
       return pair.decoder.grad[index(a, "entry")];
     }},
    {"05", "encoder_gradient(x, encoder, decoder, entry)",
     [](const ExampleArguments& a) {
       LinearPair pair(a);
       pair.error(a.matrix("x"));
       return pair.encoder.grad[index(a, "entry")];
     }},

    {"06", "mean_error(x, decoded)",
     [](const ExampleArguments& a) {
       const Tensor x = a.matrix("x"), decoded = a.row("decoded");
       return mean(squared_error(decoded.gather(std::vector<Index>(std::size_t(x.dim(0)), 0)), x)).item();
     }},
    {"06", "decoder_error(z)", [](const ExampleArguments& a) { return SmallDecoder(a).error(); }},
    {"06", "decoder_gradient(z)",
     [](const ExampleArguments& a) {
       SmallDecoder decoder(a);
       decoder.error();
       return decoder.z.grad[0];
     }},

    {"07", "fitted_mean(codes)",
     [](const ExampleArguments& a) { return moments_of(a.matrix("codes")).mean[0]; }},
    {"07", "fitted_variance(codes)",
     [](const ExampleArguments& a) { return moments_of(a.matrix("codes")).covariance[0]; }},
    {"07", "frechet_distance(mean_a, variance_a, mean_b, variance_b)",
     [](const ExampleArguments& a) {
       return frechet_distance(gaussian(a.number("mean_a"), a.number("variance_a")),
                               gaussian(a.number("mean_b"), a.number("variance_b")));
     }},
    {"07", "normal_quantile(p)", [](const ExampleArguments& a) { return normal_quantile(a.number("p")); }},
};
