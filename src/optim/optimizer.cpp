#include "gradus/optim/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {
namespace {

/// Appends those of `more` that are not in the list: tied weights are registered under two
/// names, but updated once.
void append_distinct(std::vector<Parameter*>& parameters, const std::vector<Parameter*>& more) {
  for (Parameter* parameter : more)
    if (std::find(parameters.begin(), parameters.end(), parameter) == parameters.end())
      parameters.push_back(parameter);
}

/// Creates a tensor of zeros for every parameter that has none yet.
void append_zeros(std::vector<Tensor>& tensors, const std::vector<Parameter*>& parameters) {
  for (std::size_t i = tensors.size(); i < parameters.size(); ++i)
    tensors.push_back(Tensor::zeros(parameters[i]->value.shape()));
}

void check_not_negative(const char* who, const char* what, Real value) {
  GRADUS_CHECK(std::isfinite(value) && value >= 0, who, ": ", what, " must be finite and not negative, got ",
               value);
}
void check_share(const char* who, const char* what, Real value) {
  GRADUS_CHECK(value >= 0 && value < 1, who, ": ", what, " must be in [0, 1), got ", value);
}

/// A piece of one parameter: short enough to balance the threads, long enough to make the
/// overhead negligible.
struct Piece {
  std::size_t index;
  Index first, count;
};

/// Throws Error unless the parameter, its gradient and its optimizer state have the same shape.
void check_shapes(const char* who, std::size_t index, const Parameter& parameter,
                  const std::vector<Tensor>& kept) {
  const Shape& now = parameter.value.shape();
  GRADUS_CHECK(parameter.grad.shape() == now, who, "::step: parameter ", index, " is ", now,
               ", its gradient ", parameter.grad.shape(), "; call zero_grad() after replacing a parameter");
  GRADUS_CHECK(kept.empty() || kept[index].shape() == now, who, "::step: parameter ", index, " is ", now,
               ", and was ", kept[index].shape(), " when the optimizer was created; create a new optimizer");
}

/// Calls update(parameter index, first element, count) for every parameter with a gradient, all
/// in one parallel region. `kept` is the optimizer's state, one tensor per parameter, or empty.
template <class Update>
void for_pieces(const char* who, Real lr, const std::vector<Parameter*>& parameters,
                const std::vector<Tensor>& kept, Update update) {
  check_not_negative(who, "lr", lr);
  constexpr Index piece_size = 8192;
  std::vector<Piece> pieces;
  Index elements = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i]->grad) continue;
    check_shapes(who, i, *parameters[i], kept);
    const Index size = parameters[i]->value.size();
    for (Index first = 0; first < size; first += piece_size)
      pieces.push_back({i, first, std::min(piece_size, size - first)});
    elements += size;
  }
  GRADUS_CHECK(!pieces.empty(), who, "::step: no parameter has a gradient; call tape.backward(loss) first");
#pragma omp parallel for schedule(static) if (elements >= parallel_elements)
  for (std::size_t i = 0; i < pieces.size(); ++i) update(pieces[i].index, pieces[i].first, pieces[i].count);
  for (Parameter* parameter : parameters)
    if (parameter->grad) parameter->value.touch();
}

/// Sets tiny values to zero. A unit that no longer learns has gradients of exactly zero, and
/// its averages decay through the denormal numbers, where arithmetic is many times slower:
/// training steps would take twice as long.
inline Real flushed(Real x) {
  constexpr Real limit = 100 * std::numeric_limits<Real>::min();
  return std::abs(x) < limit ? Real(0) : x;
}

void name_tensors(State& state, const char* name, const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) state.tensors.emplace_back(text(name, i), tensors[i]);
}

}  // namespace

void zero_grad(const std::vector<Parameter*>& parameters) {
  for (Parameter* parameter : parameters) parameter->grad = Tensor();
}

namespace {

/// In double, because squares of 1e20 overflow a float.
double norm_of(std::span<Parameter* const> parameters) {
  double sum = 0;
  for (const Parameter* parameter : parameters) {
    const Real* g = parameter->grad.data();
    sum += total(parameter->grad.size(), [g](Index i) { return double{g[i]} * double{g[i]}; });
  }
  return std::sqrt(sum);
}

}  // namespace

Real gradient_norm(const std::vector<Parameter*>& parameters) {
  return static_cast<Real>(norm_of(parameters));
}

Real clip_gradient_norm(const std::vector<Parameter*>& parameters, Real limit) {
  GRADUS_CHECK(limit > 0, "clip_gradient_norm: the limit must be positive, got ", limit);
  const double norm = norm_of(parameters);
  for (std::size_t i = 0; !std::isfinite(norm) && i < parameters.size(); ++i) {
    const double own = norm_of({&parameters[i], 1});
    GRADUS_CHECK(
        std::isfinite(own), "clip_gradient_norm: the gradient of parameter ", i, " ",
        parameters[i]->value.shape(), " has the norm ", own,
        ", which no factor can limit; no gradient was changed. Tape::check_numbers(true) names the op ",
        "where it arises");
  }
  if (norm > double{limit}) {
    const Real scale = static_cast<Real>(double{limit} / norm);
    for (Parameter* parameter : parameters) {
      Tensor& grad = parameter->grad;
      map(grad.size(), grad.data(), grad.data(), [scale](Real g) { return g * scale; });
      grad.touch();
    }
  }
  return static_cast<Real>(norm);
}

Sgd::Sgd(const std::vector<Parameter*>& parameters, Options options)
    : lr(options.lr), momentum_(options.momentum) {
  check_not_negative("Sgd", "lr", lr);
  check_share("Sgd", "momentum", momentum_);
  add(parameters);
}

void Sgd::add(const std::vector<Parameter*>& parameters) {
  append_distinct(parameters_, parameters);
  if (momentum_ != 0) append_zeros(velocity_, parameters_);
}

void Sgd::step() {
  for_pieces("Sgd", lr, parameters_, velocity_, [this](std::size_t index, Index first, Index count) {
    Real* p = parameters_[index]->value.data() + first;
    const Real *g = parameters_[index]->grad.data() + first, rate = lr, momentum = momentum_;
    if (velocity_.empty()) {
#pragma omp simd
      for (Index i = 0; i < count; ++i) p[i] -= rate * g[i];
    } else {
      Real* v = velocity_[index].data() + first;
#pragma omp simd
      for (Index i = 0; i < count; ++i) {
        v[i] = flushed(momentum * v[i] + g[i]);
        p[i] -= rate * v[i];
      }
    }
  });
}

State Sgd::state() {
  State state;
  name_tensors(state, "velocity", velocity_);
  return state;
}

Adam::Adam(const std::vector<Parameter*>& parameters, Options options) : lr(options.lr), options_(options) {
  check_not_negative("Adam", "lr", lr);
  check_share("Adam", "beta1", options.beta1);
  check_share("Adam", "beta2", options.beta2);
  check_not_negative("Adam", "eps", options.eps);
  check_not_negative("Adam", "decoupled_weight_decay", options.decoupled_weight_decay);
  add(parameters);
  constructed_ = parameters_.size();
}

void Adam::add(const std::vector<Parameter*>& parameters) {
  append_distinct(parameters_, parameters);
  append_zeros(m_, parameters_);
  append_zeros(v_, parameters_);
  starts_.resize(parameters_.size(), steps_);
}

void Adam::step() {
  for_pieces("Adam", lr, parameters_, m_, [this](std::size_t index, Index first, Index count) {
    // Locals: the compiler assumes that a store may change a captured number, and then uses no vectors.
    const Real beta1 = options_.beta1, beta2 = options_.beta2, eps = options_.eps;
    const Real kept = 1 - lr * options_.decoupled_weight_decay;
    const double t = static_cast<double>(steps_ + 1 - starts_[index]);
    const double correction1 = 1 - std::pow(static_cast<double>(beta1), t);
    const double correction2 = 1 - std::pow(static_cast<double>(beta2), t);
    const Real rate = static_cast<Real>(lr / correction1),
               scale = static_cast<Real>(1 / std::sqrt(correction2));
    Real* p = parameters_[index]->value.data() + first;
    const Real* g = parameters_[index]->grad.data() + first;
    Real *m = m_[index].data() + first, *v = v_[index].data() + first;
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      m[i] = flushed(beta1 * m[i] + (1 - beta1) * g[i]);
      v[i] = flushed(beta2 * v[i] + (1 - beta2) * g[i] * g[i]);
      p[i] = kept * p[i] - rate * m[i] / (std::sqrt(v[i]) * scale + eps);
    }
  });
  ++steps_;  // last, so that a step that throws does not count
}

State Adam::state() {
  State state;
  name_tensors(state, "m", m_);
  name_tensors(state, "v", v_);
  state.counters.emplace_back("steps", &steps_);
  for (std::size_t i = constructed_; i < starts_.size(); ++i)
    state.counters.emplace_back(text("start", i), &starts_[i]);
  return state;
}

}  // namespace gradus
