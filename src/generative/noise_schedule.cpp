#include "gradus/generative/noise_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

double alpha_bar_at(const NoiseSchedule& schedule, Index t, Index least) {
  GRADUS_CHECK(t >= least && t <= schedule.steps(), "NoiseSchedule: time ", t, " is outside ", least, " .. ",
               schedule.steps());
  return schedule.alpha_bar[static_cast<std::size_t>(t)];
}

/// The samplers divide by sqrt(alpha_bar) and by sqrt(1 - alpha_bar).
NoiseSchedule checked(const char* name, NoiseSchedule schedule) {
  GRADUS_CHECK(schedule.alpha_bar[1] < 1, name, ": alpha_bar is 1 after the first step, so it adds no noise");
  GRADUS_CHECK(schedule.alpha_bar.back() > 0, name, ": alpha_bar is 0 after ", schedule.steps(),
               " steps, so no data remain; choose fewer steps or smaller betas");
  return schedule;
}

}  // namespace

double NoiseSchedule::signal(Index t) const { return std::sqrt(alpha_bar_at(*this, t, 0)); }

double NoiseSchedule::noise(Index t) const { return std::sqrt(1 - alpha_bar_at(*this, t, 0)); }

double NoiseSchedule::beta(Index t) const {
  return 1 - alpha_bar_at(*this, t, 1) / alpha_bar_at(*this, t - 1, 0);
}

double NoiseSchedule::posterior_variance(Index t) const {
  return beta(t) * (1 - alpha_bar_at(*this, t - 1, 0)) / (1 - alpha_bar_at(*this, t, 1));
}

NoiseSchedule linear_schedule(Index T, double first, double last) {
  GRADUS_CHECK(T >= 1, "linear_schedule: T must be at least 1, got ", T);
  GRADUS_CHECK(0 < first && first <= last && last < 1,
               "linear_schedule: 0 < first <= last < 1 must hold, got ", first, " and ", last);
  NoiseSchedule out{{1}};
  for (Index t = 0; t < T; ++t) {
    const double part = T == 1 ? 0 : static_cast<double>(t) / static_cast<double>(T - 1);
    out.alpha_bar.push_back(out.alpha_bar.back() * (1 - first - (last - first) * part));
  }
  return checked("linear_schedule", std::move(out));
}

NoiseSchedule cosine_schedule(Index T, double offset) {
  GRADUS_CHECK(T >= 1, "cosine_schedule: T must be at least 1, got ", T);
  GRADUS_CHECK(offset >= 0 && std::isfinite(offset),
               "cosine_schedule: the offset must be finite and not negative, got ", offset);
  const auto f = [&](Index t) {
    const double part = static_cast<double>(t) / static_cast<double>(T);
    const double c = std::cos((part + offset) / (1 + offset) * std::numbers::pi / 2);
    return c * c;
  };
  NoiseSchedule out{{1}};
  for (Index t = 1; t <= T; ++t)
    out.alpha_bar.push_back(out.alpha_bar.back() * std::max(f(t) / f(t - 1), 1 - 0.999));
  return checked("cosine_schedule", std::move(out));
}

}  // namespace gradus
