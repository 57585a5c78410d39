// ROC, calibration and group rates agree with their definitions, computed by counting.
#include <cmath>
#include <limits>
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/generative/calibration.hpp"
#include "gradus/generative/group_rates.hpp"
#include "gradus/generative/roc.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

using Scores = std::vector<Real>;

// The definition: all pairs, ties count half.
double pairs(const Scores& negative, const Scores& positive) {
  double sum = 0;
  for (const Real p : positive)
    for (const Real n : negative) sum += p > n ? 1 : p == n ? 0.5 : 0;
  return sum / static_cast<double>(negative.size() * positive.size());
}

// Whole numbers 0 .. kinds-1: many ties.
Scores with_ties(Rng& rng, std::size_t count, std::uint64_t kinds, int shift) {
  Scores out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(static_cast<Real>(rng.below(kinds)) + static_cast<Real>(shift));
  return out;
}

}  // namespace

TEST_CASE("auroc: equals the count over all pairs, with ties") {
  Rng rng(1);
  for (int trial = 0; trial < 200; ++trial) {
    const Scores n = with_ties(rng, 1 + rng.below(40), 1 + rng.below(12), 0),
                 p = with_ties(rng, 1 + rng.below(40), 1 + rng.below(12), static_cast<int>(rng.below(4)));
    CHECK(auroc(n, p) == doctest::Approx(pairs(n, p)).epsilon(1e-12));
    CHECK(auroc(n, p) + auroc(p, n) == doctest::Approx(1));
  }
}

TEST_CASE("auroc: separated, equal and reversed sets; infinite scores") {
  const Real infinity = std::numeric_limits<Real>::infinity();
  CHECK(auroc(Scores{1, 2}, Scores{3, 4}) == 1);
  CHECK(auroc(Scores{3, 4}, Scores{1, 2}) == 0);
  CHECK(auroc(Scores{5, 5, 5}, Scores{5}) == 0.5);
  CHECK(auroc(Scores{-infinity, 0}, Scores{infinity, 0}) == doctest::Approx(0.875));
}

TEST_CASE("false_positive_rate: the share of negatives at or above the threshold that detects enough") {
  Rng rng(2);
  for (int trial = 0; trial < 200; ++trial) {
    const Scores n = with_ties(rng, 1 + rng.below(40), 9, 0), p = with_ties(rng, 1 + rng.below(40), 9, 2);
    for (const double detected : {0.05, 0.5, 0.95, 1.0}) {
      double best = 1;  // over all thresholds that detect enough
      for (const Real threshold : p) {
        double hits = 0, alarms = 0;
        for (const Real x : p) hits += x >= threshold;
        for (const Real x : n) alarms += x >= threshold;
        if (hits / static_cast<double>(p.size()) >= detected - 1e-12)
          best = std::min(best, alarms / static_cast<double>(n.size()));
      }
      CHECK(false_positive_rate(n, p, detected) == doctest::Approx(best));
    }
  }
}

TEST_CASE("false_positive_rate: 0.95 of 20 positive examples are 19") {
  Scores p;
  for (int i = 0; i < 20; ++i) p.push_back(static_cast<Real>(i));
  CHECK(false_positive_rate(Scores{Real(0.5), Real(1.5)}, p) == 0.5);  // threshold 1
}

TEST_CASE("roc_curve: from (0, 0) to (1, 1), not falling, with one point per different score") {
  const RocCurve curve = roc_curve(Scores{0, 1, 1, 2}, Scores{1, 2, 3});
  CHECK(curve.false_positive == std::vector<double>{0, 0, 0.25, 0.75, 1});
  CHECK(curve.true_positive[1] == doctest::Approx(1.0 / 3));
  CHECK(curve.true_positive[2] == doctest::Approx(2.0 / 3));
  CHECK(curve.true_positive[4] == 1);
}

TEST_CASE("roc: errors name the function and the list") {
  CHECK(contains(message([] { auroc(Scores{}, Scores{1}); }), {"auroc", "negative"}));
  CHECK(contains(message([] { roc_curve(Scores{1}, Scores{}); }), {"roc_curve", "positive"}));
  CHECK(contains(message([] { auroc(Scores{1}, Scores{0, Real(std::nan(""))}); }), {"score 1", "NaN"}));
  CHECK(contains(message([] { false_positive_rate(Scores{1}, Scores{0}, 0); }), "0 < detected <= 1"));
}

TEST_CASE("calibration_curve: means per bin; the error of a calibrated and of an overconfident classifier") {
  const std::vector<Real> p = {Real(0.1), Real(0.15), Real(0.9), 1};
  const std::vector<int> labels = {0, 1, 1, 1};
  const CalibrationCurve curve = calibration_curve(p, labels, 2);
  CHECK(curve.counts == std::vector<Index>{2, 2});
  CHECK(curve.predicted[0] == doctest::Approx(0.125));
  CHECK(curve.observed[0] == doctest::Approx(0.5));
  CHECK(curve.error == doctest::Approx(0.5 * 0.375 + 0.5 * 0.05));
  Rng rng(3);
  std::vector<Real> honest, bold;
  std::vector<int> truth;
  for (int i = 0; i < 20000; ++i) {
    honest.push_back(rng.uniform());
    bold.push_back(honest.back() > Real(0.5) ? Real(0.999) : Real(0.001));
    truth.push_back(rng.bernoulli(honest.back()));
  }
  CHECK(calibration_curve(honest, truth).error < 0.02);
  CHECK(calibration_curve(bold, truth).error == doctest::Approx(0.249).epsilon(0.05));
  CHECK(contains(message([&] { calibration_curve(p, std::vector<int>{0, 1, 2, 1}); }), "label 2"));
  CHECK(contains(message([&] { calibration_curve(std::vector<Real>{Real(1.5)}, std::vector<int>{1}); }),
                 "1.5"));
  CHECK(contains(message([&] { calibration_curve({}, {}); }), "at least one"));
}

TEST_CASE("proportion: Wilson's interval contains the true rate in about 95 % of all samples") {
  const Proportion half = proportion(50, 100);
  CHECK(half.rate == 0.5);
  CHECK(half.low == doctest::Approx(0.4038).epsilon(1e-3));
  CHECK(half.high == doctest::Approx(0.5962).epsilon(1e-3));
  CHECK(proportion(0, 5).high == doctest::Approx(0.4345).epsilon(1e-3));
  CHECK(std::isnan(proportion(0, 0).rate));
  Rng rng(4);
  int inside = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    Index hits = 0;
    for (int i = 0; i < 40; ++i) hits += rng.bernoulli(Real(0.2));
    const Proportion p = proportion(hits, 40);
    inside += p.low <= 0.2 && 0.2 <= p.high;
  }
  CHECK(inside / 4000.0 == doctest::Approx(0.95).epsilon(0.02));
  CHECK(contains(message([] { proportion(3, 2); }), "3 of 2"));
}

TEST_CASE("group_rates: per group and label; a constant answer has balanced accuracy 1/2") {
  const std::vector<Real> scores = {1, -1, 2, -2, 3, Real(0.5), 0, -4};
  const std::vector<int> labels = {1, 1, 0, 0, 1, 0, 1, 0}, groups = {0, 0, 0, 0, 1, 1, 1, 1};
  const auto rates = group_rates(scores, labels, groups, 2);
  CHECK(rates[0].true_positive.rate == 0.5);
  CHECK(rates[0].false_positive.rate == 0.5);
  CHECK(rates[1].true_positive.hits == 1);  // a score at the threshold is not above it
  CHECK(rates[1].false_positive.of == 2);
  CHECK(group_rates(scores, labels, groups, 2, Real(1.5))[1].true_positive.rate == 0.5);
  const std::vector<Real> always(8, 9);
  for (const GroupRates& r : group_rates(always, labels, groups, 2)) {
    CHECK(r.true_positive.rate == 1);
    CHECK(r.balanced_accuracy() == 0.5);
  }
  CHECK(contains(message([&] { group_rates(scores, labels, groups, 1); }), {"group 1", "0 .. 0"}));
  CHECK(contains(message([&] { group_rates(scores, labels, {}, 2); }), "equally many"));
  CHECK(contains(
      message([&] { group_rates(scores, labels, groups, 2, std::numeric_limits<Real>::quiet_NaN()); }),
      "threshold is NaN"));
}
