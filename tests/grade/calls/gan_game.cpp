#include "gan_game.hpp"

#include <algorithm>

#include "gradus/autograd/tape.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "small_nets.hpp"

namespace gradus::grade {
namespace {

/// Batch `step` of two batches that are stacked along axis 0.
Tensor batch_of(const Tensor& both, Index step) {
  const Index B = both.dim(0) / 2;
  return both.rows(step * B, (step + 1) * B);
}

}  // namespace

Tensors discriminator_game(const Tensors& in, const DiscriminatorStep& step) {
  Rng rng(1);
  Net discriminator(rng, 1, in[0]), generator(rng, 2, in[1]);
  give_gradients(discriminator, in[2]);
  Adam adam(discriminator.parameters(), {.lr = Real(0.1), .beta1 = Real(0.5)});
  const Real weight = in[5].item();
  Tensor losses = Tensor::zeros({2}), penalties = Tensor::zeros({2}), asked = Tensor::zeros({1}), real;
  std::function<Var()> penalty;
  if (weight > 0)
    penalty = [&] {
      asked[0] += 1;
      return weight * mean(square(discriminator(real)));
    };
  const Tensor stopped = where_stopped([&] {
    for (Index i = 0; i < 2; ++i) {
      real = batch_of(in[3], i);
      const DiscriminatorLoss found =
          step(std::ref(discriminator), std::ref(generator), real, batch_of(in[4], i),
               non_saturating_losses(Real(0.8)), adam, penalty);
      losses[i] = found.loss, penalties[i] = found.penalty;
    }
  });
  return {losses,
          penalties,
          flat(discriminator, false),
          flat(discriminator, true),
          flat(generator, false),
          with_gradient(generator),
          stopped,
          asked};
}

Tensors discriminator_tapes(const Tensors& in, const DiscriminatorStep& step) {
  Rng rng(1);
  Net discriminator(rng, 1, in[0]), generator(rng, 2, in[1]);
  Adam adam(discriminator.parameters(), {.lr = Real(0.1), .beta1 = Real(0.5)});
  const Tape callers;
  Tensor recorded = Tensor::zeros({1}), mixed = Tensor::zeros({1}), calls = Tensor::zeros({2});
  const Tensor real = batch_of(in[3], 0), z = batch_of(in[4], 0);
  const std::vector<Parameter*> learned = generator.parameters();
  const Network watched = [&](const Var& input) {
    calls[0] += 1;
    return generator(input);
  };
  const Network watched_too = [&](const Var& x) {
    calls[1] += 1;
    mixed[0] += x.dim(0) == real.dim(0) + z.dim(0);
    const Tape* tape = Tape::active();
    for (const Step& one : tape == &callers ? std::span<const Step>() : tape->steps())
      recorded[0] += std::count(learned.begin(), learned.end(), one.parameter);
    return discriminator(x);
  };
  const Tensor stopped =
      where_stopped([&] { step(watched_too, watched, real, z, non_saturating_losses(Real(0.8)), adam, {}); });
  recorded[0] = recorded[0] > 0;
  return {recorded, mixed, flat(discriminator, false), with_gradient(generator), stopped, calls};
}

Tensors generator_game(const Tensors& in, const GeneratorStep& step) {
  Rng rng(1);
  Net discriminator(rng, 1, in[0]), generator(rng, 2, in[1]);
  give_gradients(generator, in[2]);
  give_gradients(discriminator, in[4]);
  Adam adam(generator.parameters(), {.lr = Real(0.1), .beta1 = Real(0.5)});
  Tensor losses = Tensor::zeros({2}), calls = Tensor::zeros({1}), asked = Tensor::zeros({1});
  const Network counted = [&](const Var& z) {
    calls[0] += 1;
    return generator(z);
  };
  const Real weight = in[5].item();
  std::function<Var(const Var&)> extra;
  if (weight > 0)
    extra = [&](const Var& drawn) {
      asked[0] += 1;
      return weight * mean(square(drawn));
    };
  const Tensor stopped = where_stopped([&] {
    for (Index i = 0; i < 2; ++i)
      losses[i] = step(std::ref(discriminator), discriminator, counted, batch_of(in[3], i),
                       non_saturating_losses(Real(0.8)), adam, extra);
  });
  return {losses,
          flat(generator, false),
          flat(generator, true),
          flat(discriminator, false),
          flat(discriminator, true),
          count(discriminator, [](const Parameter* parameter) { return parameter->frozen(); }),
          stopped,
          calls,
          asked};
}

namespace {

/// x -> number x
struct Times : Module {
  Times(Rng& random, const Tensor& number_in) : Module(random), number(number_in.clone()) {
    add_parameter("number", number);
  }
  Var operator()(const Var& x) { return linear(x, number, Tensor::zeros({1})); }
  Parameter number;
};

}  // namespace

Tensors discriminator_by_hand(const Tensors& in, const DiscriminatorStep& step) {
  Rng rng(1);
  Times discriminator(rng, in[0]), generator(rng, in[1]);
  Adam adam(discriminator.parameters());
  Real loss = 0;
  const Tensor stopped = where_stopped([&] {
    loss = step(std::ref(discriminator), std::ref(generator), in[2], in[3], minimax_losses(), adam, {}).loss;
  });
  return {Tensor::full({1}, loss), discriminator.number.grad, with_gradient(generator), stopped};
}

Tensors generator_by_hand(const Tensors& in, const GeneratorStep& step) {
  Rng rng(1);
  Times discriminator(rng, in[0]), generator(rng, in[1]);
  Adam adam(generator.parameters());
  Real loss = 0;
  const Tensor stopped = where_stopped([&] {
    loss = step(std::ref(discriminator), discriminator, std::ref(generator), in[3], non_saturating_losses(),
                adam, {});
  });
  return {Tensor::full({1}, loss), generator.number.grad, with_gradient(discriminator), stopped};
}

Tensors labelled(const Tensors& in,
                 const std::function<Var(const Var&, const std::vector<int>&, int)>& with_label) {
  std::vector<int> labels;
  for (const Real label : in[1].values()) labels.push_back(static_cast<int>(label));
  Parameter x(in[0].clone());
  Tape tape;
  const Var both = with_label(Var(x), labels, static_cast<int>(in[2].item()));
  if (both.tracked() && both.shape() == in[3].shape()) tape.backward(sum(both * Var(in[3])));
  return {both.value(), x.grad};
}

Tensors averaged(
    const Tensors& in,
    const std::function<State(Module&, Real decay, const std::function<void(int)>& learn)>& run) {
  Rng rng(1);
  struct Layer : Module {
    using Module::Module;
    Linear only{*this, "only", averaged_inputs, averaged_outputs};
  } layer{rng};
  const auto learn = [&](int row) {
    layer.only.w.value.copy_from(in[0].row(row).reshape({averaged_outputs, averaged_inputs}));
    layer.only.b.value.copy_from(in[1].row(row));
  };
  learn(0);
  const State state = run(layer, in[2].item(), [&](int step) { learn(step + 1); });
  Tensors out;
  for (const auto& [name, tensor] : state.tensors) out.push_back(tensor);
  out.push_back(layer.only.w.value);
  out.push_back(layer.only.b.value);
  return out;
}

}  // namespace gradus::grade
