#include "gradus/data/generated/faces.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/base/check.hpp"
#include "paint.hpp"

namespace gradus {
namespace {

// Positions are in half picture heights from the centre of the picture: u to the right, v downwards. The head
// also has its own coordinates: the longitude s in radians, 0 at the nose, and v. For the features, the head
// is a cylinder: turning it by psi moves them, narrows the far ones and finally hides them:
//
//     u = w sin(s + psi)

constexpr Paint background{Real(0.12), Real(0.15), Real(0.20)}, hair{Real(0.10), Real(0.06), Real(0.04)},
    brow{Real(0.07), Real(0.04), Real(0.03)}, eye_white{Real(0.97), Real(0.97), Real(0.97)},
    pupil{Real(0.05), Real(0.04), Real(0.06)}, throat{Real(0.13), Real(0.02), Real(0.03)},
    teeth{Real(0.98), Real(0.97), Real(0.94)}, dark_skin{Real(0.34), Real(0.22), Real(0.15)},
    light_skin{Real(1.0), Real(0.94), Real(0.86)}, lip_red{Real(0.72), Real(0.16), Real(0.18)};

// The features that can be displaced.
enum Feature { left_eye, right_eye, left_brow, right_brow, nose, mouth, features };
struct Shift {
  Real s = 0, v = 0;
};

// The properties of one face that do not depend on the pixel.
struct Head {
  FaceFactors factors;
  Real half_width, turn, sine, chin;  // turn: psi
  Paint skin;
  std::array<Shift, features> shift{};

  explicit Head(const FaceFactors& f) : factors(f) {
    half_width = Real(0.63) + Real(0.14) * f.width;
    turn = Real(0.42) * f.azimuth;
    sine = std::sin(turn);
    chin = Real(0.90) + Real(0.05) * f.mouth_open;
    skin = mix(dark_skin, light_skin, f.tone);
  }
  Real cylinder() const { return Real(1.12) * half_width; }  // features need not reach the outline
};

Real smooth_step(Real from, Real to, Real x) {
  const Real t = clamp01((x - from) / (to - from));
  return t * t * (3 - 2 * t);
}

// Paints a picture row by row. A shape is a function from the column to the covered fraction of the pixel.
// For shapes with a level function, the distance to the border is level / |gradient|, and the edge is one
// pixel wide.
class Painter {
 public:
  Painter(const FaceOptions& options)
      : width_(options.width), channels_(options.channels), pixel_(2 / static_cast<Real>(options.height)) {
    for (std::vector<Real>* column : {&u_, &s_, &slope_, &cover_, &mask_, &shade_})
      column->resize(static_cast<std::size_t>(width_));
    for (Index j = 0; j < width_; ++j)
      u_[static_cast<std::size_t>(j)] =
          (static_cast<Real>(j) + Real(0.5) - static_cast<Real>(width_) / 2) * pixel_;
  }

  void draw(const Head& head, Index height, Real* image) {
    unroll(head);
    for (Index i = 0; i < height; ++i) {
      out_ = image + i * width_ * channels_;
      v_ = (static_cast<Real>(i) + Real(0.5)) * pixel_ - 1;
      draw_head(head);
      for (const Real side : {Real(-1), Real(1)}) draw_eye(head, side);
      draw_nose(head);
      draw_mouth(head);
    }
  }

 private:
  // Longitude of every column, and its slope ds/du.
  void unroll(const Head& head) {
    for (std::size_t j = 0; j < u_.size(); ++j) {
      const Real x = std::clamp(u_[j] / head.cylinder(), Real(-0.97), Real(0.97));
      s_[j] = std::asin(x) - head.turn;
      slope_[j] = 1 / (head.cylinder() * std::sqrt(1 - x * x));
    }
  }

  // Covers the fraction part(j) of every pixel of the row with a colour, shaded like the head or plain.
  template <bool shaded, class Part>
  void paint(Paint paint, const Part& part) {
    Real* cover = cover_.data();
    const Real* shade = shade_.data();
#pragma omp simd
    for (Index j = 0; j < width_; ++j) cover[j] = clamp01(part(j));
    const Real grey = Real(0.299) * paint.red + Real(0.587) * paint.green + Real(0.114) * paint.blue;
    const std::array<Real, 3> color = {channels_ == 1 ? grey : paint.red, paint.green, paint.blue};
    for (Index c = 0; c < channels_; ++c) {
      const Real value = color[static_cast<std::size_t>(c)];
      Real* out = out_ + c;
#pragma omp simd
      for (Index j = 0; j < width_; ++j)
        out[j * channels_] += cover[j] * ((shaded ? value * shade[j] : value) - out[j * channels_]);
    }
  }

  // Fraction of a pixel inside an ellipse: a and b in radii from the centre, da, db their slopes per pixel.
  static Real ellipse(Real a, Real b, Real da, Real db) {
    const Real f = std::sqrt(a * a + b * b) + Real(1e-6);
    const Real gradient = std::sqrt(a * a * da * da + b * b * db * db) / f + Real(1e-6);
    return Real(0.5) - (f - 1) / gradient;
  }
  // The same in picture coordinates, and in those of the face.
  auto flat_ellipse(Real u, Real v, Real ru, Real rv) const {
    return [=, this](Index j) {
      return ellipse((u_[static_cast<std::size_t>(j)] - u) / ru, (v_ - v) / rv, pixel_ / ru, pixel_ / rv);
    };
  }
  auto face_ellipse(Real s, Real v, Real rs, Real rv) const {
    return [=, this](Index j) {
      const auto at = static_cast<std::size_t>(j);
      return mask_[at] *
             clamp01(ellipse((s_[at] - s) / rs, (v_ - v) / rv, slope_[at] * pixel_ / rs, pixel_ / rv));
    };
  }
  // Fraction of a pixel between two heights.
  Real between(Real top, Real bottom) const {
    const Real half = pixel_ / 2;
    return (std::min(bottom, v_ + half) - std::max(top, v_ - half)) / pixel_;
  }

  void draw_head(const Head& head);
  void draw_ears(const Head& head, bool in_front);
  void draw_eye(const Head& head, Real side);
  void draw_nose(const Head& head);
  void draw_mouth(const Head& head);

  Index width_, channels_;
  Real pixel_, v_ = 0;
  Real* out_ = nullptr;
  // One value per column: position, longitude, its slope, covered fraction, inside the face's outline, light
  std::vector<Real> u_, s_, slope_, cover_, mask_, shade_;
};

// Neck, hair behind the head, ears, skin up to the hairline. The chin moves with the turn, the back of the
// head against it.
void Painter::draw_head(const Head& head) {
  const Real w = head.half_width, lean = Real(0.30) * head.sine * v_;
  const Real lower = v_ > 0 ? head.chin : Real(0.90), jaw = 1 - Real(0.16) * v_;
  for (std::size_t j = 0; j < u_.size(); ++j) {
    const Real a = (u_[j] - lean * w) / (w * jaw), b = v_ / lower;
    mask_[j] = clamp01(ellipse(a, b, pixel_ / (w * jaw), pixel_ / lower));
    const Real depth = std::sqrt(std::max(1 - a * a - b * b, Real(0)));  // light from above and from the left
    shade_[j] = Real(0.84) + Real(0.18) * depth - Real(0.08) * a - Real(0.04) * b;
  }
  std::fill_n(out_, width_ * channels_, Real(0));
  paint<false>(background, [](Index) { return Real(1); });
  paint<false>(Real(0.70) * head.skin, [&](Index j) {  // neck
    const Real d = std::abs(u_[static_cast<std::size_t>(j)]) - Real(0.5) * w;
    return (v_ > Real(0.3) ? Real(1) : Real(0)) * clamp01(Real(0.5) - d / pixel_);
  });
  paint<false>(hair, flat_ellipse(Real(-0.22) * head.sine * w, Real(-0.20), w + Real(0.08), Real(0.78)));
  draw_ears(head, false);
  paint<true>(head.skin, [&](Index j) {
    const auto at = static_cast<std::size_t>(j);
    const Real s = s_[at], fringe = Real(-0.64) + Real(0.10) * std::min(s * s, Real(2)) - Real(0.07) * s;
    const Real side = Real(1.22) + Real(0.35) * std::max(v_, Real(0));
    return mask_[at] * clamp01(Real(0.5) + (v_ - fringe) / pixel_) *
           clamp01(Real(0.5) + (side - std::abs(s)) / (slope_[at] * pixel_));
  });
  draw_ears(head, true);
}

// Seen from the front, an ear lies on the outline, behind the head. It comes in front of the hair as the head
// turns away from it.
void Painter::draw_ears(const Head& head, bool in_front) {
  if (std::abs(v_) > Real(0.4)) return;
  for (const Real side : {Real(-1), Real(1)}) {
    const Real angle = Real(1.40) * side + head.turn,
               seen = smooth_step(Real(0.05), Real(0.5), std::cos(angle));
    const auto part = flat_ellipse(Real(1.04) * head.half_width * std::sin(angle), Real(0.02),
                                   Real(0.085) + Real(0.02) * seen, Real(0.17));
    paint<false>(Real(0.76) * head.skin,
                 [&](Index j) { return (in_front ? seen : Real(1)) * clamp01(part(j)); });
  }
}

// White, pupil, lid and brow. Smiling narrows the eyes; frowning lifts the inner ends of the brows.
void Painter::draw_eye(const Head& head, Real side) {
  const FaceFactors& f = head.factors;
  const Shift eye = head.shift[side < 0 ? left_eye : right_eye],
              above = head.shift[side < 0 ? left_brow : right_brow];
  const Real s = Real(0.44) * side + eye.s, v = Real(-0.17) + eye.v;
  const Real open = Real(0.115) - Real(0.03) * f.smile;
  if (std::abs(v_ - v) < Real(0.24)) {
    const auto white = face_ellipse(s, v, Real(0.25), open);
    const auto dark = face_ellipse(s, v, Real(0.125), Real(0.095));
    paint<false>(brow, face_ellipse(s, v - Real(0.035), Real(0.28), open));
    paint<false>(eye_white, white);
    paint<false>(pupil, [&](Index j) { return clamp01(white(j)) * clamp01(dark(j)); });
  }
  const Real bs = Real(0.45) * side + above.s, bv = Real(-0.385) - Real(0.02) * f.smile + above.v;
  if (std::abs(v_ - bv) > Real(0.22)) return;
  paint<false>(brow, [&](Index j) {
    const auto at = static_cast<std::size_t>(j);
    const Real q = (s_[at] - bs) / Real(0.31), outward = q * side;
    const Real middle = bv + Real(0.05) * q * q - Real(0.07) * std::min(f.smile, Real(0)) * outward;
    const Real thick = Real(0.045) * clamp01(1 - q * q);
    return mask_[at] * clamp01(between(middle - thick, middle + thick));
  });
}

// The nose protrudes from the cylinder: its tip moves further than its root.
void Painter::draw_nose(const Head& head) {
  const Shift shift = head.shift[nose];
  const Real w = head.cylinder(), top = Real(-0.16) + shift.v, tip = Real(0.13) + shift.v;
  if (v_ < top - Real(0.1) || v_ > tip + Real(0.2)) return;
  const Real root = w * std::sin(head.turn + shift.s), front = root + Real(0.13) * head.sine;
  const Real t = clamp01((v_ - top) / (tip - top)), ridge = root + t * (front - root);
  paint<true>(Real(0.74) * head.skin, [&](Index j) {  // the side that is turned away from the light
    const Real d = u_[static_cast<std::size_t>(j)] - ridge - Real(0.05);
    return Real(0.6) * clamp01(Real(0.5) + (Real(0.035) + Real(0.035) * t - std::abs(d)) / pixel_) *
           clamp01(Real(0.5) + (v_ - top) / pixel_) * clamp01(Real(0.5) + (tip - v_) / pixel_);
  });
  const auto wings = flat_ellipse(front, tip + Real(0.02), Real(0.13), Real(0.055));
  paint<true>(Real(0.60) * head.skin, [&](Index j) { return clamp01(wings(j)); });
  const auto light = flat_ellipse(front - Real(0.01), tip - Real(0.045), Real(0.08), Real(0.07));
  paint<false>(mix(head.skin, eye_white, Real(0.2)), [&](Index j) { return Real(0.8) * clamp01(light(j)); });
}

// Lips along a line that curves with the smile, and the opening between them when they part.
void Painter::draw_mouth(const Head& head) {
  const FaceFactors& f = head.factors;
  const Shift shift = head.shift[mouth];
  const Real base = Real(0.42) + shift.v, bend = Real(0.255) * f.smile;
  if (std::abs(v_ - base - Real(0.1)) > Real(0.45)) return;
  const Real reach = Real(0.66) + Real(0.06) * f.smile - Real(0.05) * f.mouth_open;
  const auto layer = [&](Real above,
                         Real below) {  // between the mouth line and the lower edge of the opening
    return [=, this, &f](Index j) {
      const auto at = static_cast<std::size_t>(j);
      const Real q = (s_[at] - shift.s) / reach, arch = clamp01(1 - q * q),
                 taper = clamp01(Real(2.5) * (1 - std::abs(q)));
      const Real line = base + bend * (Real(0.55) - q * q), gap = Real(0.33) * f.mouth_open * arch;
      return mask_[at] * clamp01(between(line - above * taper, line + gap + below * taper));
    };
  };
  paint<true>(mix(Real(0.62) * head.skin, lip_red, Real(0.4)), layer(Real(0.075), Real(0.085)));
  paint<false>(throat, layer(Real(0.028), Real(0.028)));
  paint<false>(teeth, [&](Index j) {
    const auto at = static_cast<std::size_t>(j);
    const Real q = (s_[at] - shift.s) / reach, arch = clamp01(1 - Real(1.3) * q * q);
    const Real line = base + bend * (Real(0.55) - q * q), gap = Real(0.33) * f.mouth_open * arch;
    return mask_[at] * clamp01(between(line, line + std::min(Real(0.4) * gap, Real(0.075))));
  });
}

void check_options(const FaceOptions& options) {
  GRADUS_CHECK(
      std::min(options.height, options.width) >= 8 && std::max(options.height, options.width) <= 1024,
      "faces: picture ", options.height, " x ", options.width, ", expected 8 .. 1024 pixels per side");
  GRADUS_CHECK(options.channels == 1 || options.channels == 3, "faces: ", options.channels,
               " channels, expected 1 or 3");
  GRADUS_CHECK(0 <= options.displaced && options.displaced <= 1, "faces: features displaced by ",
               options.displaced, ", expected 0 .. 1");
}

void check_factors(const FaceFactors& factors, Index face) {
  const auto values = factors.values();
  for (std::size_t k = 0; k < values.size(); ++k)
    GRADUS_CHECK(FaceFactors::low[k] <= values[k] && values[k] <= FaceFactors::high[k], "face ", face, ": ",
                 FaceFactors::names[k], " ", values[k], ", expected ", FaceFactors::low[k], " .. ",
                 FaceFactors::high[k]);
}

Rng face_stream(std::uint64_t seed, Index face) {
  return Rng(seed).split("faces").split(static_cast<std::uint64_t>(face));
}

// A head whose features are in place or displaced.
Head placed(const FaceFactors& factors, Real displaced, std::uint64_t seed, Index face) {
  Head head(factors);
  if (displaced == 0) return head;
  Rng rng = face_stream(seed, face).split("displaced");
  for (Shift& shift : head.shift) {
    shift.s = displaced / head.cylinder() * std::clamp(rng.normal(), Real(-2), Real(2));
    shift.v = displaced * std::clamp(rng.normal(), Real(-2), Real(2));
  }
  return head;
}

FaceFactors row_of(const Tensor& factors, Index i) {
  return FaceFactors::of(std::span<const Real, 5>(factors.data() + i * FaceFactors::count, 5));
}

}  // namespace

FaceFactors FaceFactors::of(std::span<const Real, 5> values) {
  return {values[0], values[1], values[2], values[3], values[4]};
}

FaceFactors FaceFactors::random(Rng& rng) {
  std::array<Real, 5> values{};
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = rng.uniform(low[k], high[k]);
  return of(values);
}

Tensor draw_faces(const Tensor& factors, const FaceOptions& options, std::uint64_t seed) {
  check_options(options);
  GRADUS_CHECK(factors.rank() == 2 && factors.dim(1) == FaceFactors::count && factors.dim(0) >= 1,
               "draw_faces: factors ", factors.shape(), ", expected [N, 5]");
  const Index count = factors.dim(0), size = options.height * options.width * options.channels;
  for (Index i = 0; i < count; ++i) check_factors(row_of(factors, i), i);
  Tensor images({count, options.height, options.width, options.channels});
  Real* out = images.data();
#pragma omp parallel
  {
    Painter painter(options);
#pragma omp for schedule(static)
    for (Index i = 0; i < count; ++i)
      painter.draw(placed(row_of(factors, i), options.displaced, seed, i), options.height, out + i * size);
  }
  return images;
}

Tensor draw_face(const FaceFactors& factors, const FaceOptions& options, std::uint64_t seed) {
  check_options(options);
  check_factors(factors, 0);
  Tensor image({options.height, options.width, options.channels});
  Painter(options).draw(placed(factors, options.displaced, seed, 0), options.height, image.data());
  return image;
}

Faces generated_faces(Index count, std::uint64_t seed, const FaceOptions& options) {
  GRADUS_CHECK(count >= 1, "generated_faces: ", count, " faces, needs at least 1");
  Tensor factors({count, FaceFactors::count});
  for (Index i = 0; i < count; ++i) {
    Rng rng = face_stream(seed, i);
    const auto values = FaceFactors::random(rng).values();
    std::copy(values.begin(), values.end(), factors.data() + i * FaceFactors::count);
  }
  Dataset data;
  data.name = options.displaced > 0 ? "generated faces, displaced" : "generated faces";
  data.images = draw_faces(factors, options, seed);
  return {data, factors};
}

// Pose and expression are sums of slow waves, so that frame i does not depend on the frames before it.
Faces generated_face_video(Index count, std::uint64_t seed, const FaceOptions& options) {
  GRADUS_CHECK(count >= 1, "generated_face_video: ", count, " frames, needs at least 1");
  struct Wave {
    Real step, phase;
  };
  Rng rng = Rng(seed).split("face video");
  std::array<std::array<Wave, 3>, 3> waves;
  for (auto& factor : waves)
    for (std::size_t k = 0; k < factor.size(); ++k)
      factor[k] = {Real(6.2831853) / (rng.uniform(Real(40), Real(70)) * static_cast<Real>(1 + 2 * k)),
                   rng.uniform(Real(0), Real(6.2831853))};
  const auto wander = [](const std::array<Wave, 3>& factor, Index frame) {
    Real sum = 0;
    for (const Wave& wave : factor) sum += std::sin(wave.step * static_cast<Real>(frame) + wave.phase);
    return std::sin(Real(1.1) * sum);  // in -1 .. 1, and as often near the ends as in the middle
  };
  Tensor factors({count, FaceFactors::count});
  for (Index i = 0; i < count; ++i) {
    FaceFactors face;
    face.azimuth = wander(waves[0], i);
    face.smile = wander(waves[1], i);
    face.mouth_open = std::max(wander(waves[2], i), Real(0));
    face.tone = Real(0.7);
    const auto values = face.values();
    std::copy(values.begin(), values.end(), factors.data() + i * FaceFactors::count);
  }
  Dataset data;
  data.name = "generated film of a face";
  data.images = draw_faces(factors, options, seed);
  return {data, factors};
}

}  // namespace gradus
