// Training steps on several ranks, for `make bench CASES=ranks`. Every rank writes one line of JSON:
//
//   mpiexec -n 2 rank_bench <dcgan32|conv_vae> <shards> <threads> <steps> <overlap|wait>
//
//   step_ms           median over the steps
//   bytes, messages   sent by this rank per step
//   latency_us, megabyte_us   of a message between ranks 0 and 1
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"
#include "gradus/base/runtime.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "gradus/train/shards.hpp"
#include "picture_nets.hpp"

namespace {

using namespace gradus;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// This rank's rows of a random batch.
struct Rows {
  Rows(Shards& shards, Rng& rng, Index batch, const Shape& shape, Real low)
      : loader({.name = "random", .images = Tensor::uniform(shape, rng, low, 1)}, {.batch = batch}, rng) {
    shards.share(loader);
  }
  Loader loader;
};

/// The DCGAN of `bench` at 32 x 32, batch 64: a step of D and one of G.
struct DcganSteps {
  explicit DcganSteps(Shards& all)
      : shards(all),
        g(rng, {256, 128, 64}, 3),
        d(rng, {64, 128, 256}, 3),
        x(all, rng, 64, {512, 32, 32, 3}, -1) {}
  Shards& shards;
  Rng rng{1};
  Generator g;
  Discriminator d;
  Adam adam_g{g.parameters(), {.lr = Real(2e-4), .beta1 = Real(0.5)}},
      adam_d{d.parameters(), {.lr = Real(2e-4), .beta1 = Real(0.5)}};
  Rows x;
  Index parameters() { return g.parameter_count() + d.parameter_count(); }
  void step() {
    const Tensor real = x.loader.next().images;
    const Index rows = shards.per_shard(64);
    const GanLosses losses = non_saturating_losses();
    shards.step({adam_d, d, {&g}, rng}, [&](Shard& shard, const Optimizer& optimizer) {
      const Tensor z = Tensor::randn({rows, 1, 1, 100}, shard.rng);
      return std::vector{
          discriminator_step(std::ref(d), std::ref(g), shard.rows(real), z, losses, optimizer).loss};
    });
    shards.step({adam_g, g, {&d}, rng}, [&](Shard& shard, const Optimizer& optimizer) {
      const Tensor z = Tensor::randn({rows, 1, 1, 100}, shard.rng);
      return std::vector{generator_step(std::ref(d), d, std::ref(g), z, losses, optimizer)};
    });
  }
};

/// The convolutional VAE of `bench`, batch 128.
struct ConvVaeSteps {
  explicit ConvVaeSteps(Shards& all) : shards(all), x(all, rng, 128, {1024, 28, 28, 1}, 0) {}
  Shards& shards;
  Rng rng{1};
  ConvVae net{rng};
  Adam adam{net.parameters()};
  Rows x;
  Index parameters() { return net.parameter_count(); }
  void step() {
    const Tensor images = x.loader.next().images;
    shards.step({adam, net, {}, rng}, [&](Shard& shard, const Optimizer& optimizer) {
      const Tensor rows = shard.rows(images);
      const Index B = rows.dim(0);
      return std::vector{descend(optimizer, [&] {
        const Var h = reshape(relu(net.c2(relu(net.c1(rows)))), {B, 3136});
        const Var mu = net.mu(h), logvar = net.logvar(h);
        const Var z = reparameterize(mu, logvar, Tensor::randn({B, 16}, shard.rng));
        const Var y = net.t2(relu(net.t1(reshape(relu(net.up(z)), {B, 7, 7, 64}))));
        return mean(bernoulli_nll(reshape(y, {B, 784}), rows.reshape({B, 784}))) +
               mean(gaussian_kl(mu, logvar));
      })};
    });
  }
};

/// Seconds for bytes from rank 0 to rank 1 and back, divided by 2: the median of some rounds.
double one_way(Ranks& ranks, std::size_t bytes) {
  if (ranks.size() < 2 || ranks.rank() > 1) return 0;
  std::vector<std::byte> out(bytes), in(bytes);
  std::vector<double> times;
  const int other = 1 - ranks.rank();
  const auto finish = [&](int message) {
    ranks.wait([&] { return ranks.done(message); }, [&] { return other; });
  };
  for (int round = 0; round < 60; ++round) {
    const auto start = Clock::now();
    if (ranks.leads()) finish(ranks.send(other, 1, out));
    finish(ranks.receive(other, 1, in));
    if (!ranks.leads()) finish(ranks.send(other, 1, out));
    times.push_back(seconds_since(start) / 2);
  }
  std::nth_element(times.begin(), times.begin() + 30, times.end());
  return times[30];
}

template <class Steps>
void measure(Shards& shards, int steps) {
  Steps training(shards);
  std::vector<double> times;
  Traffic before;
  for (int i = 0; i < steps + 3; ++i) {
    if (i == 3) before = shards.traffic();  // after the warm-up
    const auto start = Clock::now();
    training.step();
    if (i >= 3) times.push_back(seconds_since(start));
  }
  const Traffic after = shards.traffic();
  std::nth_element(times.begin(), times.begin() + std::ssize(times) / 2, times.end());
  const double step = times[times.size() / 2], latency = one_way(shards.ranks(), 1),
               megabyte = one_way(shards.ranks(), 1 << 20);
  std::cout << text("{\"rank\": ", shards.ranks().rank(), ", \"step_ms\": ", fixed(1e3 * step, 4),
                    ", \"bytes\": ", (after.bytes - before.bytes) / steps,
                    ", \"messages\": ", (after.messages - before.messages) / steps,
                    ", \"parameters\": ", training.parameters(),
                    ", \"latency_us\": ", fixed(1e6 * latency, 3),
                    ", \"megabyte_us\": ", fixed(1e6 * megabyte, 3), "}\n")
            << std::flush;
}

}  // namespace

int main(int argc, char** argv) {
  start_runtime(argv);
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::uint64_t numbers[3] = {};
  bool good = words.size() == 5 && (words[0] == "dcgan32" || words[0] == "conv_vae");
  for (std::size_t i = 0; good && i < 3; ++i)
    good = parse_whole(words[i + 1], numbers[i]) && numbers[i] > 0 && numbers[i] < 100000;
  if (!good) {
    std::cerr << "rank_bench <dcgan32|conv_vae> <shards> <threads> <steps> <overlap|wait>\n";
    return 2;
  }
  try {
    set_threads(static_cast<int>(numbers[1]));
    Shards shards(static_cast<Index>(numbers[0]), connect_ranks(), {.overlap = words[4] == "overlap"});
    if (words[0] == "dcgan32")
      measure<DcganSteps>(shards, static_cast<int>(numbers[2]));
    else
      measure<ConvVaeSteps>(shards, static_cast<int>(numbers[2]));
    shards.ranks().leave();
  } catch (const Error& error) {
    std::cerr << "rank_bench: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
