// Flows: couplings and densities by hand, inverses, integrals, dequantised pixels.
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/generative/flow.hpp"
#include "gradus/generative/mixture_model.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

const Real inf = std::numeric_limits<Real>::infinity(), not_a_number = std::numeric_limits<Real>::quiet_NaN();

/// A flow in the plane whose couplings are not the identity.
std::unique_ptr<Flow> disturbed_flow(Rng& rng, const std::vector<Tensor>& masks) {
  auto flow = std::make_unique<Flow>(rng, masks, 8);
  for (Parameter* parameter : flow->parameters())
    for (Real& value : parameter->value.values()) value += Real(0.3) * rng.normal();
  return flow;
}

std::vector<Tensor> halves_in_turn(Index D, int count) {
  Tensor first = Tensor::zeros({D});
  for (Index k = 0; k < D; k += 2) first[k] = 1;
  std::vector<Tensor> masks;
  for (int i = 0; i < count; ++i) masks.push_back(i % 2 == 0 ? first : opposite_mask(first));
  return masks;
}

}  // namespace

TEST_CASE("affine_coupling and its inverse: an example by hand") {
  // x = (2, 3), the first passes, s = log 2 and t = 1 for the second: y = (2, 3 * 2 + 1), log det = log 2
  const Tensor mask = Tensor::of({2}, {1, 0}), x = Tensor::of({1, 2}, {2, 3}),
               s = Tensor::of({1, 2}, {9, std::log(Real(2))}), t = Tensor::of({1, 2}, {9, 1});
  const Tensor y = affine_coupling(mask, x, s, t).value();
  CHECK(y[0] == 2);
  CHECK(y[1] == doctest::Approx(7));
  CHECK(coupling_log_det(mask, s).item() == doctest::Approx(std::log(2.0)));
  const Tensor back = inverse_coupling(mask, y, s, t).value();
  CHECK(back[0] == 2);
  CHECK(back[1] == doctest::Approx(3));
  const Grads<3> grads = AffineCoupling{mask, x, s}.backward(Tensor::of({1, 2}, {10, 100}));
  CHECK(grads[0][0] == 10);
  CHECK(grads[0][1] == doctest::Approx(200));  // 100 e^s
  CHECK(grads[1][0] == 0);
  CHECK(grads[1][1] == doctest::Approx(600));  // 100 x e^s
  CHECK(grads[2][0] == 0);
  CHECK(grads[2][1] == 100);
}

TEST_CASE("couplings: what the mask keeps is independent of scale and shift, even of NaN") {
  const Tensor mask = Tensor::of({2}, {1, 0}), x = Tensor::of({1, 2}, {2, 3}),
               s = Tensor::of({1, 2}, {not_a_number, 0}), t = Tensor::of({1, 2}, {inf, 0});
  CHECK(numbers(affine_coupling(mask, x, s, t).value()) == std::vector<Real>{2, 3});
  CHECK(numbers(inverse_coupling(mask, x, s, t).value()) == std::vector<Real>{2, 3});
  CHECK(coupling_log_det(mask, s).item() == 0);
  for (const Grads<3>& grads : {AffineCoupling{mask, x, s}.backward(Tensor::full({1, 2}, 1)),
                                InverseCoupling{mask, x, s}.backward(Tensor::full({1, 2}, 1))}) {
    CHECK(numbers(grads[0]) == std::vector<Real>{1, 1});
    CHECK(grads[1][0] == 0);
    CHECK(grads[2][0] == 0);
    CHECK(std::isfinite(grads[1][1] + grads[2][1]));
  }
  CHECK(std::isnan(affine_coupling(mask, x, t, s).value()[1]) == false);
  CHECK(std::isnan(affine_coupling(mask, Tensor::full({1, 2}, not_a_number), s, t).value()[1]));
}

TEST_CASE("couplings: what is refused") {
  const Tensor mask = Tensor::of({2}, {1, 0}), x = Tensor::zeros({3, 2});
  CHECK(contains(message([&] { affine_coupling(Tensor::zeros({3}), x, x, x); }),
                 {"affine_coupling", "[2]", "[3]"}));
  CHECK(contains(message([&] { affine_coupling(mask, x, Tensor::zeros({3, 1}), x); }), "affine_coupling"));
  CHECK(contains(message([&] { affine_coupling(mask, x, x, Tensor::zeros({2, 2})); }), "affine_coupling"));
  CHECK(contains(message([&] { affine_coupling(mask, Tensor::zeros({2}), x, x); }), "axes"));
  CHECK(contains(message([&] { inverse_coupling(Tensor::full({2}, Real(0.5)), x, x, x); }),
                 {"inverse_coupling", "0.5"}));
  CHECK(contains(message([&] { coupling_log_det(Tensor(), x); }), "coupling_log_det"));
  CHECK(contains(message([&] { checkerboard_mask(0, 3); }), "checkerboard_mask"));
  Rng rng(1);
  CHECK(contains(message([&] { random_half_mask(0, rng); }), "random_half_mask"));
  CHECK(contains(message([&] { Flow(rng, {}, 4); }), "Flow"));
  CHECK(contains(message([&] { Flow(rng, {mask, Tensor::zeros({3})}, 4); }), "Flow"));
  CHECK(contains(message([&] { Flow(rng, {mask}, 0); }), "hidden"));
  Flow flow(rng, {mask}, 4);
  CHECK(contains(message([&] { flow.encode(Tensor::zeros({2})); }), "axes"));
  CHECK(contains(message([&] { flow.encode(Tensor::zeros({2, 3})); }), "multiply_row"));
}

TEST_CASE("masks: neighbours of a checkerboard differ, a random half is a half") {
  const Tensor board = checkerboard_mask(3, 4), odd = checkerboard_mask(3, 4, 1);
  for (Index i = 0; i < 12; ++i) {
    CHECK(board[i] + odd[i] == 1);
    if (i % 4 < 3) CHECK(board[i] + board[i + 1] == 1);
    if (i < 8) CHECK(board[i] + board[i + 4] == 1);
  }
  CHECK(board[0] == 1);
  Rng rng(2);
  for (const Index D : {1, 2, 7, 100}) CHECK(sum(random_half_mask(D, rng)).item() == (D + 1) / 2);
  CHECK(numbers(opposite_mask(board)) == numbers(odd));
}

TEST_CASE("the inverse of a coupling uses the factor of the forward pass: exact to two roundings") {
  Rng rng(9);
  constexpr Index N = 20000;
  const Tensor none = Tensor::zeros({1}), zero = Tensor::zeros({N, 1});
  const Tensor x = Tensor::randn({N, 1}, rng), s = Tensor::randn({N, 1}, rng, 0, 3);
  const Tensor back = inverse_coupling(none, affine_coupling(none, x, s, zero).value(), s, zero).value();
  double largest = 0;
  for (Index i = 0; i < N; ++i) largest = std::max(largest, std::abs(double{back[i]} / x[i] - 1));
  CHECK(largest <= 1.01 * double{std::numeric_limits<Real>::epsilon()});
}

TEST_CASE("a flow starts as the identity, and decode inverts encode to 1e-6") {
  Rng rng(3);
  const Tensor x = Tensor::randn({300, 5}, rng);
  Flow fresh(rng, halves_in_turn(5, 4), 8);
  CHECK(numbers(fresh.encode(x).first.value()) == numbers(x));
  CHECK(numbers(fresh.encode(x).second.value()) == std::vector<Real>(300, 0));
  const auto flow = disturbed_flow(rng, halves_in_turn(5, 6));
  const auto [z, log_det] = flow->encode(x);
  const Tensor back = flow->decode(z).value();
  double largest = 0, moved = 0;
  for (Index i = 0; i < x.size(); ++i) {
    largest =
        std::max(largest, std::abs(double{back[i]} - x[i]) / std::max(1.0, std::abs(double{z.value()[i]})));
    moved = std::max(moved, std::abs(double{z.value()[i]} - x[i]));
  }
  CHECK(moved > 0.5);
  CHECK(largest < (sizeof(Real) == 4 ? 1e-6 : 1e-12));
}

TEST_CASE("change_of_variables: by hand, and the density of a flow integrates to 1") {
  const Tensor z = Tensor::of({2, 2}, {0, 0, 1, 2}), log_det = Tensor::of({2}, {0, Real(0.5)});
  const Tensor log_p = change_of_variables(z, log_det).value();
  CHECK(log_p[0] == doctest::Approx(-std::log(2 * std::numbers::pi)));
  CHECK(log_p[1] == doctest::Approx(-2.5 - std::log(2 * std::numbers::pi) + 0.5));
  CHECK(contains(message([&] { change_of_variables(z, Tensor::zeros({2, 1})); }), "change_of_variables"));
  CHECK(contains(message([&] { change_of_variables(Tensor::zeros({2}), log_det); }), "change_of_variables"));
  Rng rng(4);
  const auto flow = disturbed_flow(rng, halves_in_turn(2, 4));
  constexpr Index side = 400;
  constexpr double edge = 14, cell = 2 * edge / side;
  Tensor places({side * side, 2});
  for (Index i = 0; i < side * side; ++i) {
    places[2 * i] = static_cast<Real>(-edge + (static_cast<double>(i % side) + 0.5) * cell);
    places[2 * i + 1] = static_cast<Real>(-edge + (static_cast<double>(i / side) + 0.5) * cell);
  }
  double integral = 0;
  const Tensor density = exp(flow->log_density(places)).value();
  for (const Real value : density.values()) integral += double{value} * cell * cell;
  CHECK(integral == doctest::Approx(1).epsilon(2e-3));
}

TEST_CASE(
    "maximum likelihood: a coupling learns the scale of a Gaussian, and its likelihood is the entropy") {
  Rng rng(5);
  Flow flow(rng, halves_in_turn(2, 2), 16);
  Adam adam(flow.parameters(), {.lr = Real(0.02)});
  const auto data = [&](Index N) { return Tensor::randn({N, 2}, rng, 1, Real(0.5)); };
  for (int step = 0; step < 400; ++step) {
    Tape tape;
    const Var loss = -mean(flow.log_density(data(128)));
    adam.zero_grad();
    tape.backward(loss);
    adam.lr = Real(0.02) * static_cast<Real>(1 - step / 400.0);
    adam.step();
  }
  const double entropy =
      std::log(2 * std::numbers::pi * std::numbers::e * 0.25);  // of N(1, 1/4 I) in the plane
  CHECK(-mean(flow.log_density(data(20000))).item() == doctest::Approx(entropy).epsilon(0.02));
}

TEST_CASE("dequantize: within the step of each level, with the log-determinant of the scale") {
  const Tensor x = Tensor::of({1, 4}, {0, 1, Real(1.0 / 255), Real(100.0 / 255)}),
               noise = Tensor::full({1, 4}, Real(0.5));
  const Transformed u = dequantize(x, noise);
  for (const auto& [i, level] : {std::pair<Index, double>{0, 0}, {1, 255}, {2, 1}, {3, 100}})
    CHECK(u.values[i] == doctest::Approx((level + 0.5) / 256));
  CHECK(u.log_det[0] == doctest::Approx(-4 * std::log(256.0)));
  CHECK(dequantize(Tensor::of({1}, {1}), Tensor::zeros({1}), 2).values[0] == Real(0.5));
  CHECK(contains(message([&] { dequantize(x, Tensor::zeros({1, 3})); }), "dequantize"));
  CHECK(contains(message([&] { dequantize(x, noise, 1); }), {"dequantize", "levels"}));
  CHECK(contains(message([&] { dequantize(Tensor(), Tensor()); }), "dequantize"));
}

TEST_CASE("logit_transform: values by hand, the inverse, and what is refused") {
  // alpha = .05, u = .5: p = .5, v = 0, log det = log .9 - 2 log .5
  const Transformed v = logit_transform(Tensor::of({1, 1}, {Real(0.5)}));
  CHECK(v.values[0] == doctest::Approx(0));
  CHECK(v.log_det[0] == doctest::Approx(std::log(0.9) + 2 * std::log(2.0)));
  Rng rng(6);
  const Tensor u = Tensor::uniform({7, 3, 2}, rng);
  for (const Real alpha : {Real(0), Real(0.05), Real(0.4)}) {
    const Tensor back = inverse_logit(logit_transform(u, alpha).values, alpha);
    for (Index i = 0; i < u.size(); ++i) CHECK(back[i] == doctest::Approx(u[i]).epsilon(1e-4));
  }
  CHECK(numbers(inverse_logit(Tensor::of({2}, {-100, 100}))) == std::vector<Real>{0, 1});
  CHECK(contains(message([&] { logit_transform(Tensor::of({1, 1}, {1}), 0); }), {"logit_transform", "1"}));
  CHECK(contains(message([&] { logit_transform(u, Real(0.5)); }), {"logit_transform", "alpha"}));
  CHECK(contains(message([&] { inverse_logit(u, Real(-0.1)); }), {"inverse_logit", "alpha"}));
  for (const Real x : {Real(-0.1), Real(1.1), not_a_number})
    CHECK(contains(message([&] {
                     dequantize(Tensor::full({1, 1}, x), Tensor::zeros({1, 1}));
                   }),
                   {"dequantize", "[0, 1]"}));
}

TEST_CASE("bits per dimension: 8 for uniform grey values, through the logit as well") {
  CHECK(bits_per_dimension(0, 784) == doctest::Approx(8));
  CHECK(bits_per_dimension(std::log(2.0) * 784, 784) == doctest::Approx(7));
  CHECK(bits_per_dimension(0, 5, 2) == doctest::Approx(1));
  CHECK(contains(message([] { bits_per_dimension(0, 0); }), "bits_per_dimension"));
  // a uniform u has, as v = logit(u), the density e^-log_det: its bits must be 8 again
  Rng rng(7);
  const Real alpha = Real(0.05);
  const Transformed v = logit_transform(Tensor::uniform({50, 10}, rng), alpha);
  for (Index b = 0; b < 50; ++b) {
    double log_p_of_v = 0;  // of the logistic density on the part of the line that v reaches
    for (Index k = 0; k < 10; ++k) {
      const double p = 1 / (1 + std::exp(-double{v.values[b * 10 + k]}));
      log_p_of_v += std::log(p * (1 - p) / (1 - 2 * double{alpha}));
    }
    CHECK(bits_per_dimension(log_p_of_v + v.log_det[b], 10) == doctest::Approx(8));
  }
}

TEST_CASE("flows: the same bits at any number of threads") {
  Rng rng(8);
  const auto flow = disturbed_flow(rng, halves_in_turn(6, 4));
  const Tensor x = Tensor::randn({5000, 6}, rng);
  const auto run = [&] {
    std::vector<Tensor> out;
    const auto [z, log_det] = flow->encode(x);
    for (const Var& value : {z, log_det, change_of_variables(z, log_det), flow->decode(z)})
      out.push_back(value.value());
    return out;
  };
  CHECK(same_bits_at_any_threads(run));
}
