#include "cycle_game.hpp"

#include "gradus/autograd/tape.hpp"
#include "gradus/optim/optimizer.hpp"
#include "small_nets.hpp"

namespace gradus::grade {
namespace {

/// Part `step` of `count` equal parts along axis 0.
Tensor part_of(const Tensor& all, Index step, Index count) {
  const Index B = all.dim(0) / count;
  return all.rows(step * B, (step + 1) * B);
}

Tensor joined(const Tensor& one, const Tensor& two) {
  std::vector<Real> all(one.values().begin(), one.values().end());
  all.insert(all.end(), two.values().begin(), two.values().end());
  return Tensor::of({static_cast<Index>(all.size())}, all);
}

/// The four networks, with counted calls.
struct Four {
  explicit Four(const Tensors& in)
      : to_b(rng, 2, in[0]), to_a(rng, 2, in[1]), judge_b(rng, 1, in[2]), judge_a(rng, 1, in[3]) {}
  CycleGan gan() {
    const auto counted = [this](Net& net, Index place) -> Network {
      return [this, &net, place](const Var& x) {
        calls[place] += 1;
        return net(x);
      };
    };
    return {counted(to_b, 0), counted(to_a, 1), counted(judge_b, 2), counted(judge_a, 3), judge_b, judge_a};
  }
  Tensor translators(bool gradients) { return joined(flat(to_b, gradients), flat(to_a, gradients)); }
  Tensor judges(bool gradients) { return joined(flat(judge_b, gradients), flat(judge_a, gradients)); }

  Rng rng{1};
  Net to_b, to_a, judge_b, judge_a;
  Tensor calls = Tensor::zeros({4});
};
std::vector<Parameter*> both(Module& one, Module& two) {
  std::vector<Parameter*> all = one.parameters();
  for (Parameter* parameter : two.parameters()) all.push_back(parameter);
  return all;
}
void give_both(Module& one, Module& two, const Tensor& numbers) {
  const Index half = numbers.size() / 2;
  give_gradients(one, numbers.rows(0, half));
  give_gradients(two, numbers.rows(half, numbers.size()));
}
Real sum_of(const Tensor& one, const Tensor& two) { return one.item() + two.item(); }

}  // namespace

Tensors pool_game(const Tensors& in,
                  const std::function<PoolDraw(Index capacity, const Shape& example, Rng rng,
                                               std::function<State()>& state)>& make) {
  const Index rounds = in[0].dim(0), K = in[0].dim(2);
  std::function<State()> state;
  const PoolDraw draw =
      make(static_cast<Index>(in[1].item()), {K}, Rng(static_cast<std::uint64_t>(in[2].item())), state);
  Tensor returned = Tensor::zeros(in[0].shape());
  std::vector<Tensor> earlier;
  for (Index i = 0; i < rounds; ++i) earlier.push_back(draw(in[0].row(i).clone()));
  for (Index i = 0; i < rounds; ++i)  // at the end: a result must not change later
    if (earlier[static_cast<std::size_t>(i)].shape() == in[0].row(i).shape())
      returned.row(i).copy_from(earlier[static_cast<std::size_t>(i)]);
  const State kept = state();
  return {returned, kept.tensors[0].second.clone(),
          Tensor::full({1}, static_cast<Real>(*kept.counters[0].second))};
}

Tensors translator_game(const Tensors& in, const CycleGeneratorStep& step) {
  Four nets(in);
  give_both(nets.to_b, nets.to_a, in[7]);
  give_both(nets.judge_b, nets.judge_a, in[8]);
  Adam adam(both(nets.to_b, nets.to_a), {.lr = Real(0.1), .beta1 = Real(0.5)});
  Tensor losses = Tensor::zeros({2, 6}), fake_b = Tensor::zeros({1}), fake_a = Tensor::zeros({1}),
         tracked = Tensor::zeros({1});
  const Tensor stopped = where_stopped([&] {
    for (Index i = 0; i < 2; ++i) {
      const CycleGeneratorLoss l =
          step(nets.gan(), part_of(in[4], i, 2), part_of(in[5], i, 2),
               {.cycle = in[6][0], .identity = in[6][1]}, non_saturating_losses(Real(0.8)), adam);
      const Real found[] = {l.game_b, l.game_a, l.cycle_a, l.cycle_b, l.identity_b, l.identity_a};
      for (Index k = 0; k < 6; ++k) losses[i * 6 + k] = found[k];
      if (l.fakes.b.value()) fake_b = l.fakes.b.value().clone();
      if (l.fakes.a.value()) fake_a = l.fakes.a.value().clone();
      tracked[0] = static_cast<Real>(int{l.fakes.b.tracked()} + int{l.fakes.a.tracked()});
    }
  });
  const auto frozen = [](const Parameter* parameter) { return parameter->frozen(); };
  return {losses,
          nets.translators(false),
          nets.translators(true),
          nets.judges(false),
          nets.judges(true),
          Tensor::full({1}, sum_of(count(nets.judge_b, frozen), count(nets.judge_a, frozen))),
          fake_b,
          fake_a,
          tracked,
          stopped,
          nets.calls};
}

Tensors judge_game(const Tensors& in, const CycleDiscriminatorStep& step) {
  Four nets(in);
  give_both(nets.judge_b, nets.judge_a, in[6]);
  Adam adam(both(nets.judge_b, nets.judge_a), {.lr = Real(0.1), .beta1 = Real(0.5)});
  ImagePool pool_b({2}, Rng(5), 2), pool_a({2}, Rng(6), 2);
  Tensor losses = Tensor::zeros({3, 2});
  const Tensor stopped = where_stopped([&] {
    for (Index i = 0; i < 3; ++i) {
      const Tape callers;
      const Tensor a = part_of(in[4], i, 3), b = part_of(in[5], i, 3);
      const CycleFakes fakes{nets.to_b(a), nets.to_a(b)};
      const CycleDiscriminatorLoss l =
          step(nets.gan(), a, b, fakes, {pool_b, pool_a}, non_saturating_losses(Real(0.8)), adam);
      losses[2 * i] = l.b, losses[2 * i + 1] = l.a;
    }
  });
  return {losses,
          nets.judges(false),
          nets.judges(true),
          nets.translators(false),
          Tensor::full({1}, sum_of(with_gradient(nets.to_b), with_gradient(nets.to_a))),
          pool_b.state().tensors[0].second.clone(),
          pool_a.state().tensors[0].second.clone(),
          stopped,
          nets.calls};
}

}  // namespace gradus::grade
