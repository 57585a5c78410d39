#include "gradus/data/generated/digits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

struct Point {
  Real x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
using Stroke = std::vector<Point>;     // a smooth curve through the points; a repeated point is a corner
using Skeleton = std::vector<Stroke>;  // x to the right, y downwards, height 1

// The hand-made models: for every digit, common ways to write it. "x,y" in hundredths of the height, strokes
// separated by '/'.
const std::array<std::vector<const char*>, 10> written = {{
    // 0: closed oval; the end crossing the beginning; narrow, started at the side
    {"38,0 14,10 1,38 4,74 26,100 52,86 62,50 55,14 38,0",
     "50,6 24,2 3,28 2,68 20,98 46,94 62,62 60,28 42,4 22,12",
     "6,20 3,62 15,95 33,97 46,66 46,30 30,2 12,8 5,34"},
    // 1: a line; with a flag; with flag and foot; a bent line
    {"30,0 30,50 30,100", "8,24 20,14 32,0 32,0 31,50 30,100",
     "8,22 20,13 32,0 32,0 31,50 31,100 / 4,100 30,100 60,99", "34,0 29,30 27,65 31,100"},
    // 2: straight foot; looped foot; waved foot; low shoulder
    {"4,24 16,5 42,1 58,18 50,45 26,74 3,97 3,97 34,96 66,97",
     "7,20 22,2 47,3 57,24 45,55 24,86 6,97 1,83 14,74 34,87 52,98 70,90",
     "0,16 24,0 54,8 56,32 32,62 2,90 2,90 22,86 42,97 68,94",
     "2,10 30,1 54,10 50,40 30,68 4,100 4,100 38,99 62,100"},
    // 3: two bowls with a corner; flat top; bowls connected by a small loop
    {"5,14 24,0 50,6 53,28 40,43 20,47 20,47 46,52 60,70 50,92 24,100 0,88",
     "6,3 30,3 56,2 56,2 40,20 24,40 24,40 50,45 60,68 46,93 20,100 0,90",
     "7,12 30,0 52,12 46,36 26,50 20,44 30,42 54,56 56,82 32,100 6,94 0,80"},
    // 4: open, two strokes; closed; open with a round elbow; open and narrow
    {"14,2 8,28 0,56 0,56 32,55 66,53 / 50,6 48,50 44,100",
     "46,100 48,50 50,0 50,0 26,32 0,64 0,64 36,63 70,63",
     "8,2 4,28 10,48 30,52 50,40 58,20 / 60,0 55,45 48,100",
     "10,8 3,36 14,52 36,50 56,44 / 46,0 44,50 40,100"},
    // 5: bar drawn last; one stroke; round like an S
    {"14,4 12,24 9,44 9,44 34,38 57,54 56,80 34,100 0,93 / 14,4 38,2 64,0",
     "60,0 38,2 18,3 18,3 14,22 10,43 10,43 38,42 55,62 46,88 22,100 0,90",
     "64,4 34,3 14,18 20,40 44,54 52,76 36,97 10,100 0,86"},
    // 6: round; straight stem and small loop; deep curve with an open loop
    {"50,0 24,20 5,50 4,80 24,100 48,90 54,68 36,53 14,62 5,80",
     "30,0 16,30 6,64 10,92 30,100 46,84 38,66 20,66 8,80",
     "54,6 30,4 8,30 0,64 14,95 42,97 57,74 44,54 18,56"},
    // 7: plain; crossed; with a serif; with a curved stem
    {"0,5 30,4 60,2 60,2 42,48 24,100", "0,5 30,3 60,4 60,4 42,50 26,100 / 14,52 36,50 60,47",
     "0,22 1,12 2,4 2,4 32,4 60,2 60,2 44,46 32,100", "0,10 24,0 54,6 52,30 36,60 28,100"},
    // 8: one stroke; two circles; one stroke with an open top
    {"50,10 28,0 8,16 16,38 40,56 54,78 34,100 6,88 10,64 36,44 54,22 44,4 28,0",
     "30,0 10,10 10,34 30,46 50,34 50,10 30,0 / 30,46 6,60 5,86 30,100 56,86 54,60 30,46",
     "58,14 34,1 10,14 18,38 38,58 42,84 24,100 6,86 16,62 40,40 60,12"},
    // 9: straight stem; hooked tail; small loop, leaning stem; loop started inside
    {"54,12 34,0 8,10 2,34 20,48 44,38 55,12 55,12 52,50 48,100",
     "52,14 32,0 6,14 4,38 24,48 46,34 53,12 53,12 56,46 50,80 30,100 6,92",
     "48,8 26,2 8,20 16,40 38,36 50,8 46,42 34,72 24,100",
     "50,20 34,6 10,12 4,34 22,46 46,28 52,4 53,40 47,74 40,100"},
}};

Skeleton read_skeleton(const std::string& model) {
  std::istringstream words(model);
  Skeleton skeleton(1);
  for (std::string word; words >> word;) {
    if (word == "/") {
      skeleton.emplace_back();
      continue;
    }
    const std::size_t comma = word.find(',');
    skeleton.back().push_back({static_cast<Real>(std::stoi(word)) / 100,
                               static_cast<Real>(std::stoi(word.substr(comma + 1))) / 100});
  }
  return skeleton;
}

const std::array<std::vector<Skeleton>, 10>& skeletons() {
  static const std::array<std::vector<Skeleton>, 10> all = [] {
    std::array<std::vector<Skeleton>, 10> out;
    for (std::size_t digit = 0; digit < out.size(); ++digit)
      for (const char* model : written[digit]) out[digit].push_back(read_skeleton(model));
    return out;
  }();
  return all;
}

// A smooth random displacement of the plane: three long waves, the same for all strokes, so that connected
// strokes stay connected.
class Waves {
 public:
  Waves(Rng& rng, Real deviation) {
    for (Wave& wave : waves_) {
      wave = {rng.uniform(Real(-4), Real(4)), rng.uniform(Real(-4), Real(4)),
              rng.uniform(Real(0), Real(6.2832)), deviation * rng.normal(), deviation * rng.normal()};
    }
  }
  Point operator()(Point p) const {
    Point moved = p;
    for (const Wave& wave : waves_) {
      const Real height = std::sin(wave.kx * p.x + wave.ky * p.y + wave.phase);
      moved.x += wave.dx * height;
      moved.y += wave.dy * height;
    }
    return moved;
  }

 private:
  struct Wave {
    Real kx, ky, phase, dx, dy;
  };
  std::array<Wave, 3> waves_{};
};

struct Segment {
  Point a, b;
  Real radius;
};

// The point at t in [0, 1] on the Catmull-Rom curve from q to r; p is the point before q, s the one after r.
Point catmull_rom(Point p, Point q, Point r, Point s, Real t) {
  const auto mix = [t](Real a, Real b, Real c, Real d) {
    return b + Real(0.5) * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  return {mix(p.x, q.x, r.x, s.x), mix(p.y, q.y, r.y, s.y)};
}

// The curve through points[first .. last] as short segments.
void trace(const Stroke& points, std::size_t first, std::size_t last, Real radius,
           std::vector<Segment>& out) {
  constexpr int pieces = 5;
  for (std::size_t i = first; i < last; ++i) {
    const Point p = points[i > first ? i - 1 : i], q = points[i], r = points[i + 1],
                s = points[i + 1 < last ? i + 2 : i + 1];
    Point from = q;
    for (int piece = 1; piece <= pieces; ++piece) {
      const Point to = catmull_rom(p, q, r, s, Real(piece) / pieces);
      out.push_back({from, to, radius});
      from = to;
    }
  }
}

// Converts a skeleton to segments in the digit's own frame: moves the control points, then slants,
// widens and rotates.
std::vector<Segment> write_strokes(const Skeleton& skeleton, const DigitStyle& style, Rng& rng) {
  const Waves waves(rng, style.wobble);
  const Real waist = std::exp(style.waist);
  const Real cosine = std::cos(style.rotation), sine = std::sin(style.rotation);
  std::vector<Segment> segments;
  Stroke moved;
  for (const Stroke& stroke : skeleton) {
    moved.clear();
    for (std::size_t i = 0; i < stroke.size(); ++i) {
      if (i > 0 && stroke[i] == stroke[i - 1]) {
        moved.push_back(moved.back());
        continue;
      }
      const Point bowed{stroke[i].x + style.bend * (stroke[i].y - stroke[i].y * stroke[i].y),
                        std::pow(stroke[i].y, waist)};
      const Point p = waves(bowed);
      const Real x0 = p.x + Real(0.5) * style.wobble * rng.normal(),
                 y = p.y + Real(0.5) * style.wobble * rng.normal();
      const Real x = style.width * x0 - style.slant * y;
      moved.push_back({cosine * x + sine * y, cosine * y - sine * x});
    }
    const Real radius = Real(0.5) * style.pen;
    std::size_t first = 0;
    for (std::size_t i = 1; i <= moved.size(); ++i) {
      if (i < moved.size() && !(moved[i] == moved[i - 1])) continue;
      trace(moved, first, i - 1, radius, segments);
      first = i;
    }
  }
  return segments;
}

constexpr Index side = 28;
constexpr Real box = 20;  // the larger side of the ink, as in MNIST

// Scales the ink into the box and moves its centre of mass to the centre of the picture plus the shift.
void normalise(std::vector<Segment>& segments, const DigitStyle& style) {
  constexpr Real far = std::numeric_limits<Real>::max();
  Point low{far, far}, high{-far, -far};
  Real mass = 0, mass_x = 0, mass_y = 0;
  for (const Segment& s : segments) {
    for (const Point& p : {s.a, s.b}) {
      low = {std::min(low.x, p.x - s.radius), std::min(low.y, p.y - s.radius)};
      high = {std::max(high.x, p.x + s.radius), std::max(high.y, p.y + s.radius)};
    }
    const Real weight = s.radius * std::hypot(s.b.x - s.a.x, s.b.y - s.a.y);
    mass += weight;
    mass_x += weight * Real(0.5) * (s.a.x + s.b.x);
    mass_y += weight * Real(0.5) * (s.a.y + s.b.y);
  }
  const Real scale = box / std::max(high.x - low.x, high.y - low.y);
  const Point middle{mass_x / mass, mass_y / mass};
  // The position of the centre of mass on one axis, limited so that the ink stays two pixels inside.
  const auto centre = [scale](Real from, Real to, Real mass_at, Real shift) {
    const Real least = 2 + scale * (mass_at - from), most = Real(side) - 2 - scale * (to - mass_at);
    return std::clamp(Real(side) / 2 + shift, least, most);
  };
  const Point target{centre(low.x, high.x, middle.x, style.right),
                     centre(low.y, high.y, middle.y, style.down)};
  const auto place = [&](Point p) {
    return Point{target.x + scale * (p.x - middle.x), target.y + scale * (p.y - middle.y)};
  };
  for (Segment& s : segments) s = {place(s.a), place(s.b), scale * s.radius};
}

// Distance of p from the segment.
Real distance(Point p, const Segment& s) {
  const Real dx = s.b.x - s.a.x, dy = s.b.y - s.a.y, length2 = dx * dx + dy * dy;
  const Real t = length2 > 0
                     ? std::clamp(((p.x - s.a.x) * dx + (p.y - s.a.y) * dy) / length2, Real(0), Real(1))
                     : Real(0);
  const Real x = p.x - s.a.x - t * dx, y = p.y - s.a.y - t * dy;
  return std::sqrt(x * x + y * y);
}

// Ink is 1 inside the stroke and falls to 0 over `edge` pixels across its border, like MNIST's grey ramp.
void draw(const std::vector<Segment>& segments, Real* image) {
  constexpr Real edge = 1.5;
  std::fill_n(image, side * side, Real(0));
  for (const Segment& s : segments) {
    const Real reach = s.radius + edge / 2;
    const auto from = [&](Real a, Real b) {
      return std::max<Index>(0, static_cast<Index>(std::min(a, b) - reach));
    };
    const auto to = [&](Real a, Real b) {
      return std::min<Index>(side - 1, static_cast<Index>(std::max(a, b) + reach));
    };
    const Index left = from(s.a.x, s.b.x), right = to(s.a.x, s.b.x), bottom = to(s.a.y, s.b.y);
    for (Index i = from(s.a.y, s.b.y); i <= bottom; ++i) {
      for (Index j = left; j <= right; ++j) {
        const Real away = distance({static_cast<Real>(j) + Real(0.5), static_cast<Real>(i) + Real(0.5)}, s);
        Real& ink = image[i * side + j];
        ink = std::max(ink, std::clamp((reach - away) / edge, Real(0), Real(1)));
      }
    }
  }
}

void render(int digit, const DigitStyle& style, Rng& rng, Real* image) {
  const Skeleton& skeleton =
      skeletons()[static_cast<std::size_t>(digit)][static_cast<std::size_t>(style.variant)];
  std::vector<Segment> segments = write_strokes(skeleton, style, rng);
  normalise(segments, style);
  draw(segments, image);
}

Dataset generate(const std::string& name, Index count, Rng rng) {
  Dataset digits;
  digits.name = name;
  digits.images = Tensor({count, side, side, 1});
  digits.labels.resize(static_cast<std::size_t>(count));
  digits.classes = 10;
  Real* images = digits.images.data();
  int* labels = digits.labels.data();
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < count; ++i) {
    Rng own = rng.split(static_cast<std::uint64_t>(i));
    labels[i] = static_cast<int>(own.below(10));
    const DigitStyle style = DigitStyle::random(labels[i], own);
    render(labels[i], style, own, images + i * side * side);
  }
  return digits;
}

}  // namespace

// The spreads are chosen so that the digits are about as difficult for a linear classifier as MNIST, and are
// still legible.
DigitStyle DigitStyle::random(int digit, Rng& rng) {
  const auto normal = [&rng](Real deviation) {
    return deviation * std::clamp(rng.normal(), Real(-2.2), Real(2.2));
  };
  DigitStyle style;
  style.variant = static_cast<int>(rng.below(static_cast<std::uint64_t>(digit_variants(digit))));
  style.rotation = normal(Real(0.15));
  style.slant = Real(0.12) + normal(Real(0.28));
  style.width = std::exp(normal(Real(0.21)));
  style.waist = normal(Real(0.2));
  style.bend = normal(Real(0.14));
  style.right = normal(Real(0.6));
  style.down = normal(Real(0.6));
  style.wobble = rng.uniform(Real(0.02), Real(0.048));
  style.pen = Real(0.125) * std::exp(normal(Real(0.28)));
  return style;
}

int digit_variants(int digit) {
  GRADUS_CHECK(0 <= digit && digit <= 9, "digit ", digit, ": expected 0 .. 9");
  return static_cast<int>(skeletons()[static_cast<std::size_t>(digit)].size());
}

Tensor draw_digit(int digit, const DigitStyle& style, Rng& rng) {
  GRADUS_CHECK(0 <= style.variant && style.variant < digit_variants(digit), "draw_digit: digit ", digit,
               " has variants 0 .. ", digit_variants(digit) - 1, ", not ", style.variant);
  GRADUS_CHECK(style.pen > 0 && style.width > 0, "draw_digit: pen ", style.pen, ", width ", style.width,
               ": expected more than 0");
  Tensor image({side, side, 1});
  render(digit, style, rng, image.data());
  return image;
}

Split generated_digits(Index train, Index test, std::uint64_t seed) {
  GRADUS_CHECK(train >= 1 && test >= 1, "generated_digits: ", train, " training and ", test,
               " test digits: needs at least 1 of each");
  const Rng rng(seed);
  return {generate("generated digits, train", train, rng.split("digits train")),
          generate("generated digits, test", test, rng.split("digits test")),
          text("Generated digits: ", train, " training and ", test, " test digits, seed ", seed, ".")};
}

}  // namespace gradus
