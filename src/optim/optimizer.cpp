#include "gradus/optim/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {
namespace {

std::vector<Tensor> zeros_like(const std::vector<Parameter*>& parameters) {
  std::vector<Tensor> out;
  for (const Parameter* parameter : parameters) out.push_back(Tensor::zeros(parameter->value.shape()));
  return out;
}

/// Each parameter once, in order of first appearance: tied weights are registered under two names and updated
/// once.
std::vector<Parameter*> distinct(const std::vector<Parameter*>& parameters) {
  std::vector<Parameter*> out;
  for (Parameter* parameter : parameters)
    if (std::find(out.begin(), out.end(), parameter) == out.end()) out.push_back(parameter);
  return out;
}

/// A piece of one parameter, short enough to be a unit of work and long enough not to notice the cut.
struct Piece {
  std::size_t index;
  Index first, count;
};

/// Calls update(parameter index, first element, count) for every parameter with a gradient, all in one
/// parallel region.
template <class Update>
void for_pieces(const char* who, const std::vector<Parameter*>& parameters, Update update) {
  constexpr Index piece_size = 8192;
  std::vector<Piece> pieces;
  Index elements = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i]->grad) continue;
    const Index size = parameters[i]->value.size();
    for (Index first = 0; first < size; first += piece_size)
      pieces.push_back({i, first, std::min(piece_size, size - first)});
    elements += size;
  }
  GRADUS_CHECK(!pieces.empty(), who, "::step: no parameter has a gradient; call tape.backward(loss) first");
#pragma omp parallel for schedule(static) if (elements >= parallel_elements)
  for (std::size_t i = 0; i < pieces.size(); ++i) update(pieces[i].index, pieces[i].first, pieces[i].count);
}

/// What is too small to matter becomes zero. A unit that no longer learns has gradients of exactly zero, and
/// its averages decay through the denormal numbers, where arithmetic is many times slower: whole training
/// steps would take double.
inline Real flushed(Real x) {
  constexpr Real limit = 100 * std::numeric_limits<Real>::min();
  return x < limit && x > -limit ? Real(0) : x;
}

void name_tensors(State& state, const char* name, const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) state.tensors.emplace_back(text(name, i), tensors[i]);
}

}  // namespace

void zero_grad(const std::vector<Parameter*>& parameters) {
  for (Parameter* parameter : parameters) parameter->grad = Tensor();
}

Real gradient_norm(const std::vector<Parameter*>& parameters) {
  double sum = 0;
  for (const Parameter* parameter : parameters) {
    const Real* g = parameter->grad.data();
    sum += total(parameter->grad.size(), [g](Index i) { return g[i] * g[i]; });
  }
  return static_cast<Real>(std::sqrt(sum));
}

Real clip_gradient_norm(const std::vector<Parameter*>& parameters, Real limit) {
  GRADUS_CHECK(limit > 0, "clip_gradient_norm: the limit must be positive, got ", limit);
  const Real norm = gradient_norm(parameters);
  if (norm > limit) {
    const Real scale = limit / norm;
    for (Parameter* parameter : parameters)
      map(parameter->grad.size(), parameter->grad.data(), parameter->grad.data(),
          [scale](Real g) { return g * scale; });
  }
  return norm;
}

Sgd::Sgd(const std::vector<Parameter*>& parameters, Options options)
    : lr(options.lr), parameters_(distinct(parameters)), momentum_(options.momentum) {
  if (momentum_ != 0) velocity_ = zeros_like(parameters_);
}

void Sgd::step() {
  for_pieces("Sgd", parameters_, [this](std::size_t index, Index first, Index count) {
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

Adam::Adam(const std::vector<Parameter*>& parameters, Options options)
    : lr(options.lr),
      parameters_(distinct(parameters)),
      m_(zeros_like(parameters_)),
      v_(zeros_like(parameters_)),
      options_(options) {}

void Adam::step() {
  const double t = static_cast<double>(steps_ + 1);
  const Real beta1 = options_.beta1, beta2 = options_.beta2, eps = options_.eps;
  const double correction1 = 1 - std::pow(static_cast<double>(beta1), t);
  const double correction2 = 1 - std::pow(static_cast<double>(beta2), t);
  const Real rate = static_cast<Real>(lr / correction1),
             scale = static_cast<Real>(1 / std::sqrt(correction2)),
             kept = 1 - lr * options_.decoupled_weight_decay;
  for_pieces("Adam", parameters_, [=, this](std::size_t index, Index first, Index count) {
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
  ++steps_;  // here, so that a step that threw does not count
}

State Adam::state() {
  State state;
  name_tensors(state, "m", m_);
  name_tensors(state, "v", v_);
  state.counters.emplace_back("steps", &steps_);
  return state;
}

RmsProp::RmsProp(const std::vector<Parameter*>& parameters, Options options)
    : lr(options.lr), parameters_(distinct(parameters)), v_(zeros_like(parameters_)), options_(options) {}

void RmsProp::step() {
  const Real decay = options_.decay, eps = options_.eps;
  for_pieces("RmsProp", parameters_, [=, this, rate = lr](std::size_t index, Index first, Index count) {
    Real* p = parameters_[index]->value.data() + first;
    const Real* g = parameters_[index]->grad.data() + first;
    Real* v = v_[index].data() + first;
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      v[i] = flushed(decay * v[i] + (1 - decay) * g[i] * g[i]);
      p[i] -= rate * g[i] / (std::sqrt(v[i]) + eps);
    }
  });
}

State RmsProp::state() {
  State state;
  name_tensors(state, "v", v_);
  return state;
}

}  // namespace gradus
