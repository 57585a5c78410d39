// Exercise 13: normalizing flows.
#include <cmath>
#include <limits>
#include <numbers>

#include "../formulas.hpp"
#include "../inputs.hpp"

namespace gradus::grade {

namespace {

double e(double v) { return std::exp(v); }

/// A mask of zeros and ones, both where D allows it.
Tensor random_mask(Rng& rng, Index D) {
  Tensor mask = Tensor::bernoulli({D}, rng, Real(0.5));
  mask[0] = 0;
  if (D > 1) mask[D - 1] = 1;
  return mask;
}

/// mask, x, s, t; case 0 is the lesson's example, with the last coordinate changed and the first kept.
Tensors couplings(Rng& rng, int number) {
  if (number == 0)
    return {Tensor::of({2}, {1, 0}), Tensor::of({1, 2}, {2, 3}),
            Tensor::of({1, 2}, {Real(0.3), Real(std::log(2.0))}), Tensor::of({1, 2}, {5, 1})};
  const Shape shape = sizes(number);
  return {random_mask(rng, shape[1]), away_from_zero(rng, shape), numbers(rng, shape),
          away_from_zero(rng, shape)};
}

/// s and t are NaN where the mask keeps the coordinate.
Tensors with_unused_nan(Rng& rng, int number) {
  Tensors in = couplings(rng, number + 2);
  const Index D = in[1].dim(1);
  for (Index i = 0; i < in[1].size(); ++i)
    if (in[0][i % D] == 1) in[2][i] = in[3][i] = std::numeric_limits<Real>::quiet_NaN();
  return in;
}

/// out_i = f(x, s, t) where the mask is 0, g(x, s, t) where it is 1; `swapped` exchanges them.
template <class F, class G>
Function coupled(F f, G g) {
  return [=](const Tensors& in) -> Tensors {
    const Index D = in[1].dim(1);
    return {each(in[1], [&](Index i, Index) {
      const double x = in[1][i], s = in[2][i], t = in[3][i];
      return in[0][i % D] == 0 ? f(x, s, t) : g(x, s, t);
    })};
  };
}
double kept(double x, double, double) { return x; }
double right(double x, double s, double t) { return x * e(s) + t; }
double undone(double y, double s, double t) { return (y - t) * e(-s); }
template <class F>
Function changed(F f) {
  return coupled(f, kept);
}

const std::vector<std::string> coupling_inputs = {"mask", "x", "log_scale", "shift"};

void add_coupling(std::vector<Check>& all) {
  all.push_back({.todo = "13.1",
                 .title = "the lesson's example, then random couplings",
                 .points = 14,
                 .call = "affine_coupling",
                 .draw = couplings,
                 .mistakes = {{"cp.no_exp", "the log scale is used as the scale: the factor is exp(s)",
                               changed([](double x, double s, double t) { return x * s + t; })},
                              {"cp.mask_swapped",
                               "the mask is swapped: coordinates with mask 1 are kept, those with 0 change",
                               coupled(kept, right)},
                              {"cp.shift_first", "the shift is added before the scale: y = x exp(s) + t",
                               changed([](double x, double s, double t) { return (x + t) * e(s); })},
                              {"cp.minus_shift", "the shift is subtracted; that belongs in the inverse",
                               changed([](double x, double s, double t) { return x * e(s) - t; })},
                              {"cp.no_shift", "the shift t is missing",
                               changed([](double x, double s, double) { return x * e(s); })},
                              {"cp.no_scale", "the scale exp(s) is missing",
                               changed([](double x, double, double t) { return x + t; })},
                              {"cp.inverse_scale", "the scale is exp(-s); that belongs in the inverse",
                               changed([](double x, double s, double t) { return x * e(-s) + t; })},
                              {"cp.inverse", "this is the inverse, (x - t) exp(-s)", changed(undone)},
                              {"cp.all", "the mask is ignored: coordinates with mask 1 must be copied",
                               coupled(right, right)},
                              {"cp.zero_kept", "coordinates with mask 1 become 0; copy them",
                               coupled(right, [](double, double, double) { return 0.0; })},
                              {"cp.zero_changed", "coordinates with mask 0 become 0",
                               changed([](double, double, double) { return 0.0; })},
                              {"cp.only_shift", "x is missing where the mask is 0",
                               changed([](double, double s, double t) { return e(s) + t; })}},
                 .inputs = coupling_inputs,
                 .outputs = {"y"}});
  all.push_back(
      {.todo = "13.1",
       .title = "s and t that must not be used are NaN",
       .points = 4,
       .call = "affine_coupling",
       .draw = with_unused_nan,
       .cases = 2,
       .mistakes = {{"cp.times_zero", "NaN times 0 is NaN: choose by the mask in place of multiplying by it",
                     coupled(right, [](double, double s, double) { return s; })}},
       .inputs = coupling_inputs,
       .outputs = {"y"}});
}

void add_inverse(std::vector<Check>& all) {
  const std::vector<std::string> inputs = {"mask", "y", "log_scale", "shift"};
  all.push_back({.todo = "13.3",
                 .title = "the lesson's example, then random couplings",
                 .points = 14,
                 .call = "inverse_coupling",
                 .draw = couplings,
                 .mistakes = {{"inv.order", "the scale is undone before the shift: subtract t first",
                               changed([](double y, double s, double t) { return y * e(-s) - t; })},
                              {"inv.sign_scale", "multiplied by exp(s); divide by it",
                               changed([](double y, double s, double t) { return (y - t) * e(s); })},
                              {"inv.no_exp", "divided by s; the scale is exp(s)",
                               changed([](double y, double s, double t) { return (y - t) / s; })},
                              {"inv.plus_shift", "the shift is added; subtract it",
                               changed([](double y, double s, double t) { return (y + t) * e(-s); })},
                              {"inv.forward", "this is the coupling itself, y exp(s) + t", changed(right)},
                              {"inv.no_shift", "the shift t is missing",
                               changed([](double y, double s, double) { return y * e(-s); })},
                              {"inv.no_scale", "the scale is missing",
                               changed([](double y, double, double t) { return y - t; })},
                              {"inv.mask_swapped", "the mask is swapped: coordinates with mask 1 are kept",
                               coupled(kept, undone)},
                              {"inv.all", "the mask is ignored: coordinates with mask 1 must be copied",
                               coupled(undone, undone)}},
                 .inputs = inputs,
                 .outputs = {"x"}});
  all.push_back(
      {.todo = "13.3",
       .title = "s and t that must not be used are NaN",
       .points = 4,
       .call = "inverse_coupling",
       .draw = with_unused_nan,
       .cases = 2,
       .mistakes = {{"inv.times_zero", "NaN times 0 is NaN: choose by the mask in place of multiplying by it",
                     coupled(undone, [](double, double s, double) { return s; })}},
       .inputs = inputs,
       .outputs = {"x"}});
}

// ---- 13.2 ------------------------------------------------------------------------------------------------

/// The inputs are x, s, t, mask, dy: those of the op first, so that gradients have their places.
Tensors coupling_slopes(Rng& rng, int number) {
  const Tensors in = couplings(rng, number);
  return {in[1], in[2], in[3], in[0],
          number == 0 ? Tensor::of({1, 2}, {10, 100}) : away_from_zero(rng, in[1].shape())};
}

/// The three gradients from functions of (x, s, dy) and of whether the mask keeps the coordinate.
template <class X, class S, class T>
Function slopes(X of_x, S of_s, T of_t) {
  return [=](const Tensors& in) -> Tensors {
    const Index D = in[0].dim(1);
    const auto with = [&](auto f) {
      return each(in[0], [&](Index i, Index) { return f(in[0][i], in[1][i], in[4][i], in[3][i % D] == 1); });
    };
    return {with(of_x), with(of_s), with(of_t)};
  };
}
double dx(double, double s, double d, bool keep) { return keep ? d : d * e(s); }
double ds(double x, double s, double d, bool keep) { return keep ? 0 : d * x * e(s); }
double dt(double, double, double d, bool keep) { return keep ? 0 : d; }

void add_coupling_gradients(std::vector<Check>& all) {
  all.push_back(
      {.todo = "13.2",
       .title = "the lesson's example, then random couplings",
       .points = 20,
       .call = "affine_coupling.backward",
       .draw = coupling_slopes,
       .mistakes =
           {{"cpg.dx_no_scale", "dx lacks the factor exp(s) where the mask is 0",
             slopes([](double, double, double d, bool) { return d; }, ds, dt)},
            {"cpg.dx_zero_kept", "dx is 0 where the mask is 1; there y = x, so dx = dy",
             slopes([](double, double s, double d, bool keep) { return keep ? 0 : d * e(s); }, ds, dt)},
            {"cpg.dx_all", "dx has the factor exp(s) everywhere; where the mask is 1, y = x",
             slopes([](double, double s, double d, bool) { return d * e(s); }, ds, dt)},
            {"cpg.dx_inverse", "dx has the factor exp(-s); the derivative of x exp(s) is exp(s)",
             slopes([](double, double s, double d, bool keep) { return keep ? d : d * e(-s); }, ds, dt)},
            {"cpg.dx_no_exp", "dx has the factor s; the scale is exp(s)",
             slopes([](double, double s, double d, bool keep) { return keep ? d : d * s; }, ds, dt)},
            {"cpg.ds_no_x", "ds lacks the factor x",
             slopes(
                 dx, [](double, double s, double d, bool keep) { return keep ? 0 : d * e(s); }, dt)},
            {"cpg.ds_no_exp", "ds lacks the factor exp(s): exp is its own derivative",
             slopes(
                 dx, [](double x, double, double d, bool keep) { return keep ? 0 : d * x; }, dt)},
            {"cpg.ds_all", "ds is not 0 where the mask is 1; s was not used there",
             slopes(
                 dx, [](double x, double s, double d, bool) { return d * x * e(s); }, dt)},
            {"cpg.ds_sign", "the sign of ds is wrong",
             slopes(
                 dx, [](double x, double s, double d, bool keep) { return keep ? 0 : -d * x * e(s); }, dt)},
            {"cpg.ds_sum", "ds is dy (x + exp(s)); the derivative of x exp(s) is a product",
             slopes(
                 dx, [](double x, double s, double d, bool keep) { return keep ? 0 : d * (x + e(s)); }, dt)},
            {"cpg.dt_scaled", "dt has the factor exp(s); t is added after the scale",
             slopes(dx, ds, [](double, double s, double d, bool keep) { return keep ? 0 : d * e(s); })},
            {"cpg.dt_all", "dt is not 0 where the mask is 1; t was not used there",
             slopes(dx, ds, [](double, double, double d, bool) { return d; })},
            {"cpg.dt_one", "dt lacks the factor dy (the chain rule)",
             slopes(dx, ds, [](double, double, double, bool keep) { return keep ? 0.0 : 1.0; })},
            {"cpg.no_slope", "the factor dy is missing (the chain rule)",
             slopes([](double, double s, double, bool keep) { return keep ? 1 : e(s); },
                    [](double x, double s, double, bool keep) { return keep ? 0 : x * e(s); },
                    [](double, double, double, bool keep) { return keep ? 0.0 : 1.0; })},
            {"cpg.mask_swapped", "the mask is swapped: coordinates with mask 0 were changed",
             slopes([](double x, double s, double d, bool keep) { return dx(x, s, d, !keep); },
                    [](double x, double s, double d, bool keep) { return ds(x, s, d, !keep); },
                    [](double x, double s, double d, bool keep) { return dt(x, s, d, !keep); })},
            {"cpg.exchanged", "ds and dt are exchanged", slopes(dx, dt, ds)}},
       .inputs = {"x", "log_scale", "shift", "mask", "dL/dy"},
       .outputs = {"dx", "ds", "dt"}});
}

// ---- 13.4 ------------------------------------------------------------------------------------------------

Tensors log_scales(Rng& rng, int number) {
  const Tensors in = couplings(rng, number);
  return {in[0], in[2]};
}

template <class F>
Function det_of(F term) {
  return [=](const Tensors& in) -> Tensors {
    const Index D = in[1].dim(1);
    return {rows_summed(in[1], [&](Index i) { return term(double{in[1][i]}, in[0][i % D] == 1); })};
  };
}

void add_log_det(std::vector<Check>& all) {
  const auto log_det = [](double s, bool keep) { return keep ? 0 : s; };
  all.push_back(
      {.todo = "13.4",
       .title = "the lesson's example, then random scales",
       .points = 14,
       .call = "coupling_log_det",
       .draw = log_scales,
       .mistakes = {{"ld.sign", "the sign is wrong: a scale above 1 has a positive log-determinant",
                     det_of([](double s, bool keep) { return keep ? 0 : -s; })},
                    {"ld.exp",
                     "the sum of exp(s); its logarithm is wanted, and that of a product is the sum of s",
                     det_of([](double s, bool keep) { return keep ? 0 : e(s); })},
                    {"ld.mask_swapped", "the mask is swapped: coordinates with mask 0 are scaled",
                     det_of([](double s, bool keep) { return keep ? s : 0; })},
                    {"ld.all", "the mask is ignored: only coordinates with mask 0 are scaled",
                     det_of([](double s, bool) { return s; })},
                    {"ld.absolute",
                     "the absolute values of s are added; |det| is already positive, and s may be negative",
                     det_of([](double s, bool keep) { return keep ? 0 : std::abs(s); })},
                    {"ld.mean", "divided by D: the log-determinant is the sum, not the mean",
                     [=](const Tensors& in) -> Tensors {
                       const double D = width_of(in[1]);
                       return det_of([=](double s, bool keep) { return log_det(s, keep) / D; })(in);
                     }},
                    {"ld.batch", "every row holds the sum over the whole batch",
                     [=](const Tensors& in) -> Tensors {
                       double sum = 0;
                       const Tensor rows = det_of(log_det)(in)[0];
                       for (const Real value : rows.values()) sum += value;
                       return {Tensor::full(rows.shape(), static_cast<Real>(sum))};
                     }},
                    {"ld.determinant", "this is the determinant itself; return its logarithm",
                     [=](const Tensors& in) -> Tensors {
                       const Tensor rows = det_of(log_det)(in)[0];
                       return {each(rows, [&](Index i, Index) { return e(rows[i]); })};
                     }}},
       .inputs = {"mask", "log_scale"},
       .outputs = {"log_det"}});
}

// ---- 13.5 and 13.6 ---------------------------------------------------------------------------------------

Tensors codes(Rng& rng, int number) {
  if (number == 0) return {Tensor::of({1, 2}, {1, 2}), Tensor::of({1}, {Real(0.5)})};
  return {numbers(rng, sizes(number)), away_from_zero(rng, {sizes(number)[0]})};
}

const double log_2_pi = std::log(2 * std::numbers::pi);

/// log p from |z|^2, log_det and D.
template <class F>
Function density(F f) {
  return [=](const Tensors& in) -> Tensors {
    const Tensor squares = rows_summed(in[0], [&](Index i) { return double{in[0][i]} * in[0][i]; });
    return {each(squares,
                 [&](Index b, Index) { return f(double{squares[b]}, double{in[1][b]}, width_of(in[0])); })};
  };
}

void add_density(std::vector<Check>& all) {
  all.push_back(
      {.todo = "13.5",
       .title = "the lesson's example, then random codes",
       .points = 16,
       .call = "change_of_variables",
       .draw = codes,
       .mistakes =
           {{"cv.sign_det", "the log-determinant is subtracted; add it: where f stretches, the data is dense",
             density([](double z, double l, double D) { return -0.5 * z - 0.5 * D * log_2_pi - l; })},
            {"cv.no_det", "the log-determinant is missing",
             density([](double z, double, double D) { return -0.5 * z - 0.5 * D * log_2_pi; })},
            {"cv.no_half", "the factor 1/2 of the squares is missing",
             density([](double z, double l, double D) { return -z - 0.5 * D * log_2_pi + l; })},
            {"cv.no_constant", "the constant - D/2 log(2 pi) is missing",
             density([](double z, double l, double) { return -0.5 * z + l; })},
            {"cv.constant_once", "the constant counts once; it belongs to each of the D coordinates",
             density([](double z, double l, double) { return -0.5 * z - 0.5 * log_2_pi + l; })},
            {"cv.constant_no_half", "the factor 1/2 of the constant is missing",
             density([](double z, double l, double D) { return -0.5 * z - D * log_2_pi + l; })},
            {"cv.plus_constant", "the constant is added; subtract it",
             density([](double z, double l, double D) { return -0.5 * z + 0.5 * D * log_2_pi + l; })},
            {"cv.plus_square", "the squares are added; subtract them: far from 0 the density is small",
             density([](double z, double l, double D) { return 0.5 * z - 0.5 * D * log_2_pi + l; })},
            {"cv.det_in_half", "log_det is multiplied by -1/2 as well; brackets are misplaced",
             density([](double z, double l, double D) { return -0.5 * (z + D * log_2_pi + l); })},
            {"cv.nll", "this is the negative log density; return log p itself",
             density([](double z, double l, double D) { return 0.5 * z + 0.5 * D * log_2_pi - l; })},
            {"cv.log_pi", "the constant has log(pi) in place of log(2 pi)",
             density([](double z, double l, double D) {
               return -0.5 * (z + D * std::log(std::numbers::pi)) + l;
             })},
            {"cv.mean", "the squares are averaged over the D coordinates; add them",
             density([](double z, double l, double D) { return -0.5 * z / D - 0.5 * D * log_2_pi + l; })}},
       .inputs = {"z", "log_det"},
       .outputs = {"log_p"}});
}

template <class Z, class L>
Function code_slopes(Z of_z, L of_l) {
  return [=](const Tensors& in) -> Tensors {
    return {each(in[0], [&](Index i, Index b) { return of_z(double{in[0][i]}, double{in[2][b]}); }),
            each(in[1], [&](Index b, Index) { return of_l(double{in[2][b]}); })};
  };
}

void add_density_gradients(std::vector<Check>& all) {
  const auto dz = [](double z, double d) { return -z * d; };
  const auto dl = [](double d) { return d; };
  all.push_back(
      {.todo = "13.6",
       .title = "the lesson's example, then random codes",
       .points = 14,
       .call = "change_of_variables.backward",
       .draw =
           [](Rng& rng, int number) {
             Tensors in = codes(rng, number);
             in.push_back(number == 0 ? Tensor::full({1}, 1) : away_from_zero(rng, {in[0].dim(0)}));
             return in;
           },
       .mistakes = {{"cvg.sign", "the sign of dz is wrong: log p falls away from 0",
                     code_slopes([](double z, double d) { return z * d; }, dl)},
                    {"cvg.half", "dz has a factor 1/2 too much: the derivative of z^2 is 2 z",
                     code_slopes([](double z, double d) { return -0.5 * z * d; }, dl)},
                    {"cvg.double", "dz is twice too large: log p has the factor 1/2",
                     code_slopes([](double z, double d) { return -2 * z * d; }, dl)},
                    {"cvg.no_slope", "dz lacks the factor dL/dlog_p of the row (the chain rule)",
                     code_slopes([](double z, double) { return -z; }, dl)},
                    {"cvg.no_z", "dz lacks the factor z",
                     code_slopes([](double, double d) { return -d; }, dl)},
                    {"cvg.det_sign", "the sign of dlog_det is wrong: log_det is added",
                     code_slopes(dz, [](double d) { return -d; })},
                    {"cvg.det_one", "dlog_det lacks the factor dL/dlog_p (the chain rule)",
                     code_slopes(dz, [](double) { return 1.0; })},
                    {"cvg.det_zero", "dlog_det is 0; log_det is a term of log p",
                     code_slopes(dz, [](double) { return 0.0; })},
                    {"cvg.first_slope", "every row uses the dL/dlog_p of the first row",
                     [=](const Tensors& in) -> Tensors {
                       return code_slopes(dz, dl)({in[0], in[1], Tensor::full(in[2].shape(), in[2][0])});
                     }}},
       .inputs = {"z", "log_det", "dL/dlog_p"},
       .outputs = {"dz", "dlog_det"},
       .differentiates = "change_of_variables"});
}

}  // namespace

std::vector<Check> checks_13() {
  std::vector<Check> all;
  add_coupling(all);
  add_coupling_gradients(all);
  add_inverse(all);
  add_log_det(all);
  add_density(all);
  add_density_gradients(all);
  return all;
}

}  // namespace gradus::grade
