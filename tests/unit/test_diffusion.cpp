// Diffusion and flow matching: schedules, steps by hand, and samplers against Gaussian data, for which the
// best network has a closed form.
#include <cmath>

#include "gradus/generative/diffusion.hpp"
#include "gradus/generative/flow_matching.hpp"
#include "gradus/generative/unet.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

/// Data N(m, s^2): E[noise | x_t] = sqrt(1 - a) (x_t - sqrt(a) m) / (a s^2 + 1 - a) with a = alpha_bar_t.
TimedNetwork best_noise(const NoiseSchedule& schedule, double m, double s) {
  return [=](const Var& x, const Tensor& t) -> Var {
    const auto step = static_cast<Index>(std::lround(double{t[0]} * static_cast<double>(schedule.steps())));
    const double a = schedule.alpha_bar[static_cast<std::size_t>(step)];
    const double slope = std::sqrt(1 - a) / (a * s * s + 1 - a);
    return mapped(x.value(), [=](Real v) { return static_cast<Real>(slope * (v - std::sqrt(a) * m)); });
  };
}

/// For x_t = (1 - t) noise + t data:
///   E[data - noise | x_t] = m + (t s^2 - (1 - t)) / ((1 - t)^2 + t^2 s^2) (x_t - t m)
TimedNetwork best_velocity(double m, double s) {
  return [=](const Var& x, const Tensor& time) -> Var {
    const double t = time[0], slope = (t * s * s - (1 - t)) / ((1 - t) * (1 - t) + t * t * s * s);
    return mapped(x.value(), [=](Real v) { return static_cast<Real>(m + slope * (v - t * m)); });
  };
}

double mean_of(const Tensor& x) { return mean(x).item(); }
double deviation_of(const Tensor& x) {
  const double m = mean_of(x);
  return std::sqrt(total(x.size(), [&](Index i) { return (x[i] - m) * (x[i] - m); }) /
                   static_cast<double>(x.size()));
}
double largest_difference(const Tensor& a, const Tensor& b) {
  double out = 0;
  for (Index i = 0; i < a.size(); ++i) out = std::max(out, std::abs(double{a[i]} - b[i]));
  return out;
}

constexpr double m = 2, s = 0.5;  // of the Gaussian data

}  // namespace

TEST_CASE("schedules: from 1 to nearly 0, by hand and by their formulas") {
  const NoiseSchedule by_hand{{1, 0.5, 0.1}};
  CHECK(by_hand.steps() == 2);
  CHECK(by_hand.signal(1) == doctest::Approx(std::sqrt(0.5)));
  CHECK(by_hand.noise(2) == doctest::Approx(std::sqrt(0.9)));
  CHECK(by_hand.beta(1) == doctest::Approx(0.5));
  CHECK(by_hand.beta(2) == doctest::Approx(0.8));
  CHECK(by_hand.posterior_variance(1) == 0);
  CHECK(by_hand.posterior_variance(2) == doctest::Approx(0.8 * 0.5 / 0.9));
  const NoiseSchedule linear = linear_schedule(1000), cosine = cosine_schedule(100);
  CHECK(linear.steps() == 1000);
  CHECK(linear.beta(1) / 1e-4 == doctest::Approx(1).epsilon(1e-6));
  CHECK(linear.beta(1000) == doctest::Approx(0.02));
  CHECK(linear.alpha_bar.back() / 4.0358e-5 ==
        doctest::Approx(1).epsilon(1e-4));  // Ho et al.: KL to N(0, I) about 1e-5 bits
  CHECK(cosine.alpha_bar[50] == doctest::Approx(std::pow(std::cos(0.508 / 1.008 * std::acos(-1) / 2), 2) /
                                                std::pow(std::cos(0.008 / 1.008 * std::acos(-1) / 2), 2)));
  for (const NoiseSchedule& schedule : {linear, cosine, cosine_schedule(1), linear_schedule(1, 0.5, 0.5)}) {
    CHECK(schedule.alpha_bar.front() == 1);
    for (Index t = 1; t <= schedule.steps(); ++t) {
      CHECK(schedule.beta(t) > 0);
      CHECK(schedule.beta(t) < 0.9991);
    }
  }
  CHECK(contains(message([&] { by_hand.beta(0); }), {"time 0", "1 .. 2"}));
  CHECK(contains(message([&] { by_hand.signal(3); }), {"time 3", "0 .. 2"}));
  CHECK(contains(message([] { cosine_schedule(0); }), "cosine_schedule"));
  CHECK(contains(message([] { cosine_schedule(5, -1); }), "offset"));
  CHECK(contains(message([] { cosine_schedule(5, HUGE_VAL); }), {"cosine_schedule", "offset"}));
  CHECK(contains(message([] { linear_schedule(5, 0.3, 0.2); }), "linear_schedule"));
  CHECK(contains(message([] { linear_schedule(1000, 0.5, 0.9); }), {"linear_schedule", "no data remain"}));
  CHECK(contains(message([] { cosine_schedule(10, 1e20); }), {"cosine_schedule", "adds no noise"}));
}

TEST_CASE("diffuse: by hand, and its marginal is that of simulated steps") {
  const NoiseSchedule by_hand{{1, 0.64, 0.36}};
  const Tensor x0 = Tensor::of({3, 1}, {10, 10, 10}), noise = Tensor::of({3, 1}, {1, 1, 1});
  const Tensor x = diffuse(x0, noise, {0, 1, 2}, by_hand);
  CHECK(x[0] == 10);
  CHECK(x[1] == doctest::Approx(8 + 0.6));
  CHECK(x[2] == doctest::Approx(6 + 0.8));
  const NoiseSchedule schedule = cosine_schedule(20);
  Rng rng(1);
  constexpr Index N = 200000;
  Tensor walk = Tensor::full({N}, 3);
  for (Index t = 1; t <= 20; ++t) {
    walk = diffuse_one_step(walk, Tensor::randn({N}, rng), t, schedule);
    if (t != 5 && t != 12 && t != 20) continue;
    CHECK(mean_of(walk) == doctest::Approx(3 * schedule.signal(t)).epsilon(0.01).scale(1));
    CHECK(deviation_of(walk) == doctest::Approx(schedule.noise(t)).epsilon(0.01));
  }
  CHECK(contains(message([&] { diffuse(x0, noise, {0, 1}, by_hand); }), {"diffuse", "2 times", "3"}));
  CHECK(contains(message([&] { diffuse(x0, noise, {0, 1, 3}, by_hand); }), "time 3"));
  CHECK(contains(message([&] { diffuse(x0, Tensor::zeros({3}), {0, 1, 2}, by_hand); }), "diffuse"));
  CHECK(contains(message([&] { diffuse_one_step(x0, noise, 0, by_hand); }), "diffuse_one_step"));
}

TEST_CASE("prediction_loss: the mean square, 1 for the prediction 0; velocity and noise convert") {
  const Tensor y = Tensor::of({2, 2}, {1, 2, 3, 4}), zero = Tensor::zeros({2, 2});
  CHECK(numbers(prediction_loss(y, zero).value()) == std::vector<Real>{2.5, 12.5});
  Rng rng(2);
  const Tensor noise = Tensor::randn({500, 100}, rng);
  CHECK(mean_of(prediction_loss(Tensor::zeros(noise.shape()), noise).value()) ==
        doctest::Approx(1).epsilon(0.02));
  CHECK(contains(message([&] { prediction_loss(y, Tensor::zeros({2, 3})); }), "prediction_loss"));
  CHECK(contains(message([&] {
                   prediction_loss(Tensor::zeros({2, 0}), Tensor::zeros({2, 0}));
                 }),
                 "no value"));
  const NoiseSchedule schedule = cosine_schedule(10);
  const Tensor x0 = Tensor::randn({4, 3}, rng), e = Tensor::randn({4, 3}, rng);
  for (const Index t : {0, 1, 7, 10}) {
    const std::vector<Index> times(4, t);
    const Tensor v = velocity_target(x0, e, times, schedule), x = diffuse(x0, e, times, schedule);
    CHECK(largest_difference(noise_of_velocity(x, v, times, schedule).value(), e) < 1e-5);
  }
  const std::vector<Index> mixed{3, 0, 10, 7};  // every example has its own time
  const Tensor v = velocity_target(x0, e, mixed, schedule), x = diffuse(x0, e, mixed, schedule);
  CHECK(largest_difference(noise_of_velocity(x, v, mixed, schedule).value(), e) < 1e-5);
  CHECK(contains(message([&] { noise_of_velocity(x, v, {1, 2}, schedule); }), "2 times for 4"));
}

TEST_CASE("one ancestral and one DDIM step by hand") {
  // alpha_bar = 1, .64, .36: at t = 2, x = 6.8 and noise 1 give x0 = (6.8 - .8) / .6 = 10
  const NoiseSchedule schedule{{1, 0.64, 0.36}};
  const Tensor x = Tensor::of({1, 1}, {Real(6.8)}), noise = Tensor::of({1, 1}, {1}),
               fresh = Tensor::of({1, 1}, {2});
  CHECK(predicted_data(x, noise, 2, schedule).item() == doctest::Approx(10));
  CHECK(predicted_data(x, noise, 2, schedule, 3).item() == 3);
  CHECK(ddim_step(x, noise, 2, 1, schedule).item() == doctest::Approx(0.8 * 10 + 0.6));
  CHECK(ddim_step(x, noise, 2, 0, schedule).item() == doctest::Approx(10));
  // clipped to 9: e = (6.8 - .6 * 9) / .8 = 1.75
  CHECK(ddim_step(x, noise, 2, 1, schedule, 9).item() == doctest::Approx(0.8 * 9 + 0.6 * 1.75));
  const double beta = 1 - 0.36 / 0.64, mean = (0.8 * beta * 10 + 0.75 * 0.36 * 6.8) / 0.64;
  CHECK(ancestral_step(x, noise, fresh, 2, schedule).item() ==
        doctest::Approx(mean + 2 * std::sqrt(beta * 0.36 / 0.64)));
  // the usual form of the mean: (x - beta / sqrt(1 - alpha_bar) noise) / sqrt(alpha)
  CHECK(mean == doctest::Approx((6.8 - beta / 0.8) / std::sqrt(1 - beta)));
  // the last step has no noise and returns x0
  CHECK(ancestral_step(x, noise, fresh, 1, schedule).item() == doctest::Approx((6.8 - 0.6) / 0.8));
  CHECK(
      contains(message([&] { ancestral_step(x, noise, fresh, 0, schedule); }), {"ancestral_step", "time 0"}));
  CHECK(contains(message([&] { ancestral_step(x, noise, Tensor::zeros({1}), 1, schedule); }), "fresh"));
  CHECK(contains(message([&] { ddim_step(x, noise, 2, 2, schedule); }), {"ddim_step", "0 .. 1"}));
  CHECK(contains(message([&] { ddim_step(x, noise, 1, 0, schedule, -1); }), "clip"));
}

TEST_CASE("ddim_times: T first, 0 last, falling") {
  CHECK(ddim_times(10, 10) == std::vector<Index>{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
  CHECK(ddim_times(10, 1) == std::vector<Index>{10, 0});
  CHECK(ddim_times(100, 4) == std::vector<Index>{100, 75, 50, 25, 0});
  for (const Index count : {2, 3, 7, 20, 99, 100}) {
    const std::vector<Index> times = ddim_times(100, count);
    REQUIRE(static_cast<Index>(times.size()) == count + 1);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] < times[i - 1]);
    CHECK(times.front() == 100);
    CHECK(times.back() == 0);
  }
  CHECK(contains(message([] { ddim_times(10, 11); }), {"ddim_times", "1 .. 10"}));
}

TEST_CASE("DDIM with the best prediction for Gaussian data: every step, and the path's closed form") {
  const NoiseSchedule schedule = cosine_schedule(1000);
  Rng rng(3);
  const Tensor x_T = Tensor::randn({1000, 1}, rng);
  const double a_T = schedule.alpha_bar.back();
  // one step maps x - sqrt(a) m to a multiple of it: the product over all steps is exact
  double factor = 1;
  for (Index t = 1000; t >= 1; --t) {
    const double a = schedule.alpha_bar[static_cast<std::size_t>(t)],
                 b = schedule.alpha_bar[static_cast<std::size_t>(t - 1)],
                 slope = std::sqrt(1 - a) / (a * s * s + 1 - a);
    factor *= std::sqrt(b / a) * (1 - std::sqrt(1 - a) * slope) + std::sqrt(1 - b) * slope;
  }
  const Tensor exact =
      mapped(x_T, [&](Real v) { return static_cast<Real>(m + factor * (v - std::sqrt(a_T) * m)); });
  const Tensor x = ddim_sample(best_noise(schedule, m, s), x_T, schedule, 1000);
  CHECK(largest_difference(x, exact) < 2e-3);
  // in the limit of small steps the standard deviations have the ratio of the two Gaussians
  CHECK(factor == doctest::Approx(s / std::sqrt(a_T * s * s + 1 - a_T)).epsilon(0.01));
  const auto error = [&](Index count) {
    const Tensor out = ddim_sample(best_noise(schedule, m, s), x_T, schedule, count);
    return std::abs(deviation_of(out) / deviation_of(x_T) - s);
  };
  CHECK(error(10) > error(50));
  CHECK(error(50) > error(250));
}

TEST_CASE("ancestral sampling with the best prediction has the data's mean and deviation") {
  const NoiseSchedule schedule = cosine_schedule(200);
  Rng rng(4);
  const Tensor x =
      ancestral_sample(best_noise(schedule, m, s), Tensor::randn({20000, 1}, rng), schedule, rng);
  CHECK(mean_of(x) == doctest::Approx(m).epsilon(0.01));
  CHECK(deviation_of(x) == doctest::Approx(s).epsilon(0.03));
}

TEST_CASE("flow matching: points of a line, and solvers against the closed form for Gaussian data") {
  const LinePoint point =
      line_point(Tensor::of({2, 1}, {1, 1}), Tensor::of({2, 1}, {5, 5}), Tensor::of({2}, {0, Real(0.25)}));
  CHECK(numbers(point.x) == std::vector<Real>{1, 2});
  CHECK(numbers(point.velocity) == std::vector<Real>{4, 4});
  CHECK(euler_step(Tensor::of({1}, {1}), Tensor::of({1}, {4}), Real(0.5)).item() == 3);
  CHECK(contains(message([] {
                   line_point(Tensor::zeros({2, 1}), Tensor::zeros({2, 1}), Tensor::zeros({1}));
                 }),
                 "[2]"));
  CHECK(contains(message([] {
                   line_point(Tensor::zeros({1, 1}), Tensor::zeros({1, 1}), Tensor::full({1}, 2));
                 }),
                 "time 2"));
  CHECK(contains(message([] { euler_step(Tensor::zeros({2}), Tensor::zeros({3}), 1); }), "euler_step"));
  Rng rng(5);
  const Tensor noise = Tensor::randn({1000, 1}, rng);
  const Tensor exact = mapped(noise, [](Real v) { return static_cast<Real>(m + s * v); });
  const auto error = [&](Solver solver, Index count) {
    return largest_difference(flow_sample(best_velocity(m, s), noise, count, solver), exact);
  };
  // the error of a whole path: of first order for Euler, of second order for Heun
  CHECK(error(Solver::euler, 20) / error(Solver::euler, 40) == doctest::Approx(2).epsilon(0.15));
  CHECK(error(Solver::heun, 10) / error(Solver::heun, 20) == doctest::Approx(4).epsilon(0.25));
  CHECK(error(Solver::heun, 20) < 0.01);
  CHECK(contains(message([&] { flow_sample(best_velocity(m, s), noise, 0); }), "flow_sample"));
}

TEST_CASE("the least squares fit of the velocity is the closed form") {
  // at one time, the mean of velocity x / the mean of x^2 over many lines is the slope of best_velocity
  Rng rng(6);
  constexpr Index N = 200000;
  const double t = 0.6;
  const LinePoint point = line_point(Tensor::randn({N, 1}, rng), Tensor::randn({N, 1}, rng, 0, Real(s)),
                                     Tensor::full({N}, Real(t)));
  const double xv = total(N, [&](Index i) { return double{point.x[i]} * point.velocity[i]; }),
               xx = total(N, [&](Index i) { return double{point.x[i]} * point.x[i]; });
  const double slope = best_velocity(0, s)(Tensor::full({1, 1}, 1), Tensor::full({1}, Real(t))).item();
  CHECK(xv / xx == doctest::Approx(slope).epsilon(0.02).scale(1));
}

TEST_CASE("guided: 0 ignores the label, 1 is the conditional, above 1 extrapolates; views see every step") {
  const TimedNetwork one = [](const Var&x, const Tensor&) -> Var { return Tensor::full(x.shape(), 1); },
                     five = [](const Var&x, const Tensor&) -> Var { return Tensor::full(x.shape(), 5); };
  const Tensor x = Tensor::zeros({1, 1}), t = Tensor::zeros({1});
  for (const auto& [weight, expected] : {std::pair<Real, double>{0, 1}, {1, 5}, {2, 9}})
    CHECK(guided(five, one, weight)(x, t).item() == doctest::Approx(expected));
  int evaluations = 0;
  const TimedNetwork counted = [&](const Var& input, const Tensor&) {
    ++evaluations;
    return input;
  };
  for (const auto& [weight, expected] : {std::pair<Real, int>{0, 1}, {1, 1}, {2, 2}}) {
    evaluations = 0;
    guided(counted, counted, weight)(x, t);
    CHECK(evaluations == expected);
  }
  std::vector<double> seen;
  const SamplingOptions watched{.view = [&](const Tensor&, double time) { seen.push_back(time); }};
  flow_sample(one, x, 4, Solver::euler, watched);
  CHECK(seen == std::vector<double>{0, 0.25, 0.5, 0.75, 1});
  seen.clear();
  ddim_sample(one, x, cosine_schedule(4), 2, watched);
  CHECK(seen == std::vector<double>{1, 0.5, 0});
}

TEST_CASE("Unet: shapes, zero at the start, time and label matter, what is refused") {
  Rng rng(7);
  for (const auto& [stride, attention] : {std::pair<Index, bool>{2, false}, {1, true}}) {
    Unet net(rng, {.channels = 3,
                   .width = 8,
                   .stem_stride = stride,
                   .time = 8,
                   .groups = 4,
                   .classes = 3,
                   .attention = attention});
    const Tensor x = Tensor::randn({2, 12, 8, 3}, rng), t = Tensor::full({2}, Real(0.5));
    CHECK(net(x, t).shape() == x.shape());
    CHECK(largest_difference(net(x, t).value(), Tensor::zeros(x.shape())) == 0);
    for (Parameter* parameter : net.parameters())
      for (Real& value : parameter->value.values()) value += Real(0.05) * rng.normal();
    const Tensor y = net(x, t, {1, 1}).value();
    CHECK(largest_difference(y, net(x, Tensor::full({2}, Real(0.9)), {1, 1}).value()) > 1e-4);
    CHECK(largest_difference(y, net(x, t, {2, 2}).value()) > 1e-4);
    CHECK(same_bits(net(x, t).value(), net(x, t, {3, 3}).value()));  // no label
    CHECK(largest_difference(y.rows(0, 1), net(x.rows(0, 1), t.rows(0, 1), {1}).value()) <
          1e-4);  // no other example
    CHECK(contains(message([&] { net(Tensor::zeros({2, 7, 8, 3}), t); }), "divisible"));
    CHECK(contains(message([&] { net(x, t, {1, 4}); }), "4"));
    CHECK(contains(message([&] { net(x, t, {1}); }), {"Unet", "1 labels", "one per image"}));
    CHECK(contains(message([&] { net(x, Tensor::zeros({3})); }), {"Unet", "[2]", "[3]"}));
  }
  Unet without_labels(rng, {.width = 8, .time = 8, .groups = 4});
  CHECK(contains(message([&] {
                   without_labels(Tensor::zeros({2, 8, 8, 1}), Tensor::zeros({2}), {0, 1});
                 }),
                 {"Unet", "2 labels", "0 classes"}));
  CHECK(contains(message([&] { Unet(rng, {.stem_stride = 3}); }), "stem_stride"));
  CHECK(contains(message([&] { Unet(rng, {.width = 12, .groups = 8}); }), "groups"));
  CHECK(contains(message([&] { Unet(rng, {.time = 7}); }), "even"));
}

TEST_CASE("diffusion: the same bits at any number of threads") {
  Rng weights(8);
  Unet net(weights, {.width = 8, .groups = 4});
  for (Parameter* parameter : net.parameters())
    for (Real& value : parameter->value.values()) value += Real(0.05) * weights.normal();
  const auto run = [&] {
    Rng rng(9);
    const Tensor x = Tensor::randn({16, 28, 28, 1}, rng);
    const TimedNetwork network = [&](const Var& v, const Tensor& t) { return net(v, t); };
    return std::vector<Tensor>{ancestral_sample(network, x, cosine_schedule(3), rng, {.clip = 1}),
                               flow_sample(network, x, 2, Solver::heun)};
  };
  CHECK(same_bits_at_any_threads(run));
}
