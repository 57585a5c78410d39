// Principal component analysis: the encoder and decoder that need no training.
//
//   z = W (x - mean)        x^ = mean + WT z        DS542, "Dimensionality reduction with ... (PCA)"
#include <cmath>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// PCA of the slide's five points, small enough to check by hand:
/// two dimensions, encoded as one, decoded to two.
void five_points(Program& program) {
  const Tensor points = Tensor::of({5, 2}, {-.5, -.4, -.4, -.1, .1, 0, .3, .3, .5, .2});
  const Pca pca = fit_pca(points, 1);
  const Tensor z = pca.encode(points), decoded = pca.decode(z);

  program.say("Point   Initial          Encoded   Decoded");
  Plot plot("Five points and their projections on the first principal axis");
  plot.x("x1").y("x2").equal().x_range(-0.7, 0.7).y_range(-0.55, 0.45);
  plot.line("axis w", {-0.75 * pca.components[0], 0.75 * pca.components[0]},
            {-0.75 * pca.components[1], 0.75 * pca.components[1]});
  double error = 0;
  for (Index i = 0; i < 5; ++i) {
    const auto pair = [i](const Tensor& x) {
      return text("(", fixed(x.at({i, 0}), 2, 5), ", ", fixed(x.at({i, 1}), 2, 5), ")");
    };
    program.say(text(static_cast<char>('A' + i), "       ", pair(points), "   ", fixed(z[i], 2, 5), "     ",
                     pair(decoded)));
    plot.reference("", {points.at({i, 0}), decoded.at({i, 0})}, {points.at({i, 1}), decoded.at({i, 1})});
    for (Index k = 0; k < 2; ++k) error += std::pow(points.at({i, k}) - decoded.at({i, k}), 2);
  }
  plot.scatter("points A..E", column(points, 0), column(points, 1));
  plot.crosses("decoded", column(decoded, 0), column(decoded, 1));
  program.plot("five_points", plot,
               "The table's points, the axis of largest variance, and the residuals perpendicular to it");
  program.figure("five_points_sq_error", error);
  program.figure("five_points_variance_kept", pca.variances[0] / (pca.variances[0] + pca.variances[1]));
}

/// PCA of digits: 784 pixels, encoded as K numbers.
void digits(Program& program) {
  const Split data = program.digits().flat();
  const Pca pca = fit_pca(data.train.images, 50);
  Judge judge(program, data.train);

  const Tensor shown = data.test.images.rows(0, 12);
  std::vector<Tensor> rows{image_grid(shown, {.columns = 12, .row_labels = {"truth"}})};
  std::vector<double> ks, errors, kept;
  for (const Index k : {1, 2, 5, 10, 20, 50}) {
    const Pca small = pca.first(k);
    const Tensor again = small.reconstruct(data.test.images);
    ks.push_back(static_cast<double>(k));
    errors.push_back(mean(squared_error(again, data.test.images)).item());
    kept.push_back(judge.accuracy(again, data.test.labels));
    rows.push_back(
        image_grid(small.reconstruct(shown), {.columns = 12, .row_labels = {pad_left(text(k), 5)}}));
  }
  program.picture("reconstructions", vstack(rows, 4),
                  "Test digits after 1, 2, 5, 10, 20 and 50 principal components");
  program.figure("pca_sq_error_2d", errors[1]);
  program.figure("pca_sq_error_5d", errors[2]);
  program.figure("pca_sq_error_20d", errors[4]);
  program.figure("accuracy_kept_5d", kept[2]);

  program.picture(
      "components",
      image_grid(around_grey(pca.first(20).components),
                 {.columns = 10, .title = "The first 20 principal components"}),
      "Directions in the space of pictures, largest variance first: white adds ink, black removes it");
  program.plot("error",
               Plot("Reconstruction error with K components")
                   .x("components K")
                   .y("squared error per digit")
                   .log_x()
                   .line_points("PCA", ks, errors),
               "Test error of the best linear code");
  program.headline(
      text("squared error of PCA on digits: ", errors[1], " with 2 numbers, ", errors[2], " with 5"));
}

void lesson(Program& program) {
  five_points(program);
  digits(program);
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "04_pca",
                      .title = "PCA: the autoencoder that needs no training",
                      .slide = "DS542, \"Dimensionality reduction with Principal Component Analysis (PCA)\"",
                      .look = "The five points are projected perpendicularly onto one line. The distance to "
                              "the line is what one number cannot represent. On digits, two components give "
                              "a grey blur and fifty are nearly exact."},
                     lesson);
}
