// Exercise 3 in pictures: your convolution detects edges, blurs and halves pictures.
// Your transposed convolution doubles their size, once with a checkerboard and once without.
//
// 6.S191 L4, "Training GANs" and its generators; Odena, Dumoulin, Olah 2016,
// "Deconvolution and checkerboard artifacts"
#include <algorithm>

#include "support/lecture.hpp"

namespace gradus::lecture {

constexpr Index side = 28;

/// Five digits, three faces and a uniform grey: [9, 28, 28, 1].
Tensor subjects(Program& program) {
  const Tensor digits = program.digits({.train = 5, .test = 1}).train.images;
  const Tensor faces = draw_faces(Tensor::of({3, FaceFactors::count}, {Real(-0.6), 1, 0, Real(0.8), 0,  //
                                                                       0, 0, Real(0.4), Real(0.5), 1,   //
                                                                       Real(0.7), -1, 0, 1, -1}),
                                  {.height = side, .width = side});
  Tensor all = Tensor::full({9, side, side, 1}, Real(0.5));
  all.rows(0, 5).copy_from(digits);
  all.rows(5, 8).copy_from(faces);
  return all;
}

/// One channel of y [B, I, J, K] as pictures [B, I, J, 1].
Tensor channel(const Tensor& y, Index k) {
  Tensor out({y.dim(0), y.dim(1), y.dim(2), 1});
  for (Index n = 0; n < out.size(); ++n) out[n] = y[n * y.dim(3) + k];
  return out;
}

/// Maps signed values to grey: zero is mid-grey.
Tensor signed_pictures(const Tensor& y) {
  Tensor out = y.clone();
  for (Real& value : out.values()) value = Real(0.5) + Real(0.5) * value;
  return out;
}

Tensor row(const std::string& title, const Tensor& pictures, Index scale) {
  return image_grid(pictures, {.columns = pictures.dim(0), .scale = scale, .title = title});
}

/// Four convolutions; returns the pictures at half their size.
Tensor down(Program& program, const Tensor& x) {
  const Real q = Real(0.25), h = Real(0.5);
  // Two windows, K = 2: right minus left, below minus above.
  const Tensor edges = Tensor::of(
      {2, 3, 3, 1}, {-q, 0, q, -h, 0, h, -q, 0, q, /* and, turned: */ -q, -h, -q, 0, 0, 0, q, h, q});
  const Tensor blur = Tensor::full({1, 5, 5, 1}, Real(1) / 25);
  const Tensor halve = Tensor::full({1, 2, 2, 1}, q);
  const Tensor found = NaiveConv2d{.stride = 1, .padding = 1}.forward(x, edges, {});
  const Tensor small = NaiveConv2d{.stride = 2, .padding = 0}.forward(x, halve, {});
  program.picture(
      "down",
      vstack({row("x", x, 2), row("edges, right minus left", signed_pictures(channel(found, 0)), 2),
              row("edges, below minus above", signed_pictures(channel(found, 1)), 2),
              row("the mean of 5 x 5", NaiveConv2d{.stride = 1, .padding = 2}.forward(x, blur, {}), 2),
              row("stride 2: half the size", small, 4)},
             6),
      "Outputs of conv2d: white and black are the two signs of an edge; the frame around the grey picture "
      "comes from the zero padding");
  return small;
}

/// A uniform window of size x size that doubles the picture and keeps its mean brightness:
/// every output pixel is painted (size / 2)^2 times on average.
Tensor doubled(const Tensor& small, Index size) {
  const Real weight = Real(4) / static_cast<Real>(size * size);
  return NaiveConvTranspose2d{.stride = 2, .padding = 1, .output_padding = size % 2}.forward(
      small, Tensor::full({1, size, size, 1}, weight), {});
}

/// The brightest over the darkest pixel, away from the edge, of a picture that should be uniform.
double unevenness(const Tensor& grey) {
  const Tensor middle = grey.row(0).rows(4, side - 4).reshape({side - 8, side}).clone();
  Real low = middle[4], high = low;
  for (Index i = 0; i < middle.dim(0); ++i)
    for (Index j = 4; j < side - 4; ++j) {
      low = std::min(low, middle.at({i, j}));
      high = std::max(high, middle.at({i, j}));
    }
  return high / low;
}

void up(Program& program, const Tensor& small) {
  const Tensor uneven = doubled(small, 3), even = doubled(small, 4);
  program.picture(
      "up",
      vstack({row("half the size", small, 6), row("window 3, stride 2: a checkerboard", uneven, 3),
              row("window 4, stride 2: none", even, 3)},
             6),
      "conv_transpose2d with all weights equal: where the stride does not divide the window, some "
      "pixels are painted once and others four times");
  program.figure("unevenness_window_3", unevenness(uneven.rows(8, 9)));
  program.figure("unevenness_window_4", unevenness(even.rows(8, 9)));
  program.headline(text("a uniform grey, doubled: brightest over darkest pixel ",
                        program.figure("unevenness_window_3"), " with a window of 3, ",
                        program.figure("unevenness_window_4"), " with a window of 4"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "03_convolution",
                      .title = "Convolution and transposed convolution",
                      .slide = "6.S191 L4, \"Training GANs\": what discriminators and generators are made of",
                      .look = "Down: each window gives one number per position. Up: each number paints a "
                              "window. Where windows overlap unevenly, a checkerboard appears that is not in "
                              "the input. A window of 4 with stride 2, as in DCGAN, has none."},
                     [](Program& program) { up(program, down(program, subjects(program))); });
}
