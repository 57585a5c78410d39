#include "gradus/generative/pitch.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

// The samples begin .. begin + length - 1, zero outside the sound.
std::vector<double> window_of(const Tensor& x, Index begin, Index length) {
  std::vector<double> values(static_cast<std::size_t>(length));
  for (Index i = std::max<Index>(0, -begin); i < std::min(length, x.size() - begin); ++i)
    values[static_cast<std::size_t>(i)] = static_cast<double>(x[begin + i]);
  return values;
}

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// r(lag) over the first `count` values.
double correlation(const std::vector<double>& values, std::size_t count, std::size_t lag) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t t = 0; t < count; ++t) {
    ab += values[t] * values[t + lag];
    aa += values[t] * values[t];
    bb += values[t + lag] * values[t + lag];
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

// The pitch of one window; 0 when it is not periodic.
double pitch_of(const std::vector<double>& values, std::size_t shortest, std::size_t longest,
                const PitchOptions& options) {
  const std::size_t count = values.size() - longest - 1;
  std::vector<double> r;  // of the lags shortest - 1 .. longest + 1
  for (std::size_t lag = shortest - 1; lag <= longest + 1; ++lag)
    r.push_back(correlation(values, count, lag));
  const auto is_peak = [&](std::size_t i) { return r[i] >= r[i - 1] && r[i] >= r[i + 1]; };
  double best = 0;
  for (std::size_t i = 1; i + 1 < r.size(); ++i)
    if (is_peak(i)) best = std::max(best, r[i]);
  if (best <= 0 || best < options.periodic) return 0;
  std::size_t i = 1;
  while (!is_peak(i) || r[i] < 0.85 * best) ++i;
  const double curvature = r[i - 1] - 2 * r[i] + r[i + 1];
  const double shift = curvature < 0 ? (r[i - 1] - r[i + 1]) / (2 * curvature) : 0;
  return options.rate / (static_cast<double>(shortest - 1 + i) + shift);
}

}  // namespace

std::vector<double> pitch_track(const Tensor& x, const PitchOptions& options) {
  GRADUS_CHECK(x.rank() == 1 && x.size() > 0, "pitch_track: x ", x.shape(), " must be [T] with T > 0");
  GRADUS_CHECK(options.lowest > 0 && options.lowest < options.highest && 2 * options.highest < options.rate,
               "pitch_track: the range must satisfy 0 < lowest < highest < rate / 2, got ", options.lowest,
               " .. ", options.highest, " at ", options.rate, " samples per second");
  GRADUS_CHECK(options.hop > 0, "pitch_track: the hop must be positive, got ", options.hop);
  GRADUS_CHECK(options.periodic >= 0 && options.periodic <= 1 && options.loud >= 0,
               "pitch_track: periodic must be in [0, 1] and loud not negative, got ", options.periodic,
               " and ", options.loud);
  const auto shortest = static_cast<std::size_t>(std::max(2.0, std::floor(options.rate / options.highest)));
  const auto longest = static_cast<std::size_t>(std::ceil(options.rate / options.lowest));
  const auto length = static_cast<Index>(3 * longest + 1);  // two periods, compared with their shifted copy
  std::vector<std::vector<double>> windows;
  double loudest = 0;
  for (Index t = 0; t < x.size(); t += options.hop) {
    windows.push_back(window_of(x, t - length / 2, length));
    loudest = std::max(loudest, root_mean_square(windows.back()));
  }
  std::vector<double> track;
  for (const std::vector<double>& window : windows) {
    const bool quiet = loudest == 0 || root_mean_square(window) < options.loud * loudest;
    track.push_back(quiet ? 0 : pitch_of(window, shortest, longest, options));
  }
  return track;
}

double median_pitch(const std::vector<double>& track) {
  std::vector<double> voiced;
  for (const double pitch : track)
    if (pitch > 0) voiced.push_back(pitch);
  if (voiced.empty()) return 0;
  const auto middle = voiced.begin() + static_cast<std::ptrdiff_t>(voiced.size() / 2);
  std::nth_element(voiced.begin(), middle, voiced.end());
  return *middle;
}

}  // namespace gradus
