// Shards: the tree of additions, training on several ranks (threads with messages in memory) and its errors.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/descend.hpp"
#include "gradus/train/shards.hpp"

using namespace gradus;

namespace {

/// Messages between threads.
class Memory {
 public:
  explicit Memory(int size) : size_(size) {}

  Transport of(int rank) {
    auto waiting = std::make_shared<std::vector<std::pair<Address, std::span<std::byte>>>>();
    return {.rank = rank,
            .size = size_,
            .send =
                [this, rank, waiting](int to, int tag, std::span<const std::byte> bytes) {
                  const std::lock_guard lock(mutex_);
                  letters_[{rank, to, tag}].emplace_back(bytes.begin(), bytes.end());
                  waiting->push_back({{-1, to, tag}, {}});
                  return static_cast<int>(waiting->size()) - 1;
                },
            .receive =
                [rank, waiting](int from, int tag, std::span<std::byte> bytes) {
                  waiting->push_back({{from, rank, tag}, bytes});
                  return static_cast<int>(waiting->size()) - 1;
                },
            .done =
                [this, waiting](int message) {
                  const auto& [address, into] = (*waiting)[static_cast<std::size_t>(message)];
                  if (std::get<0>(address) < 0) return std::get<1>(address) != lost;
                  const std::lock_guard lock(mutex_);
                  auto& queue = letters_[address];
                  if (queue.empty()) return false;
                  std::copy(queue.front().begin(), queue.front().end(), into.begin());
                  queue.pop_front();
                  return true;
                }};
  }
  int lost = -1;  ///< a rank that takes no messages

 private:
  using Address = std::tuple<int, int, int>;  // from, to, tag
  int size_;
  std::mutex mutex_;
  std::map<Address, std::deque<std::vector<std::byte>>> letters_;
};

/// Runs body(transport) for every rank on a thread of its own; throws what the first of them has thrown.
void on_ranks(int size, const std::function<void(const Transport&)>& body) {
  Memory memory(size);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      try {
        body(memory.of(rank));
      } catch (...) {
        errors[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

/// The sum over shards first .. first + 2^level - 1, as ShardTree defines it.
float tree_sum(const std::vector<float>& x, std::size_t first, int level) {
  if (level == 0) return x[first];
  const std::size_t half = std::size_t{1} << (level - 1);
  const float left = tree_sum(x, first, level - 1);
  return first + half < x.size() ? left + tree_sum(x, first + half, level - 1) : left;
}

/// A rank's partial sums and its place in its moves.
struct Adder {
  std::vector<float> slots;
  std::vector<TreeMove> moves;
  std::size_t at = 0;
  float result = 0;
};

/// Follows the moves of all ranks; returns the number of messages.
Index follow(const ShardTree& tree, const std::vector<float>& x, Index slice, std::vector<Adder>& ranks) {
  std::map<std::pair<int, int>, std::deque<float>> letters;
  Index messages = 0;
  for (int rank = 0; rank < tree.ranks(); ++rank) {
    Adder& mine = ranks[static_cast<std::size_t>(rank)];
    mine.slots.clear();
    for (Index shard = tree.first(rank); shard < tree.first(rank + 1); ++shard) {
      mine.slots.push_back(x[static_cast<std::size_t>(shard)]);
      CHECK(std::ssize(mine.slots) <= tree.slots(rank));
      for (; std::ssize(mine.slots) > tree.depth_after(rank, shard); mine.slots.pop_back())
        mine.slots[mine.slots.size() - 2] += mine.slots.back();
    }
    mine.moves = tree.moves(rank, slice);
    mine.at = 0;
  }
  using Kind = TreeMove::Kind;
  for (bool any = true; any;) {
    any = false;
    for (int rank = 0; rank < tree.ranks(); ++rank)
      for (Adder& mine = ranks[static_cast<std::size_t>(rank)]; mine.at < mine.moves.size(); ++mine.at) {
        const TreeMove& move = mine.moves[mine.at];
        float& slot = mine.slots[static_cast<std::size_t>(move.slot)];
        const bool receives = move.kind == Kind::receive || move.kind == Kind::receive_result;
        auto& letter = receives ? letters[{move.other, rank}] : letters[{rank, move.other}];
        if (receives && letter.empty()) break;
        any = true;
        if (move.kind == Kind::add) slot += mine.slots[static_cast<std::size_t>(move.other)];
        if (move.kind == Kind::finish) mine.result = slot;
        if (move.kind == Kind::send) letter.push_back(slot);
        if (move.kind == Kind::send_result) letter.push_back(mine.result);
        if (move.kind == Kind::receive) slot += letter.front();
        if (move.kind == Kind::receive_result) mine.result = letter.front();
        if (receives) letter.pop_front(), ++messages;
      }
  }
  return messages;
}

/// A network with batch norm and dropout.
struct Net : Module {
  explicit Net(Rng& random) : Module(random) {}
  Var operator()(const Var& x) { return out(dropout(relu(norm(hidden(x))))); }
  Linear hidden{*this, "hidden", 6, 10};
  BatchNorm norm{*this, "norm", 10};
  Dropout dropout{*this, "dropout", Real(0.3)};
  Linear out{*this, "out", 10, 6};
};

Dataset examples() {
  Rng rng(3);
  Dataset data;
  data.name = "examples";
  data.images = Tensor::randn({48, 6}, rng);
  return data;
}

/// The state after three epochs, and the losses.
std::vector<Real> trained(Index count, const Transport& transport, const ShardOptions& options) {
  Rng rng(7);
  Net net(rng);
  Adam adam(net.parameters(), {.lr = Real(0.01)});
  Loader loader(examples(), {.batch = 24, .shuffle = true}, rng);
  Shards shards(count, transport, options);
  shards.share(loader);
  std::vector<Real> all;
  for (int step = 0; step < 6; ++step) {
    const Batch& batch = loader.next();
    const auto loss = shards.step({adam, net, {}, rng}, [&](Shard& shard, const Optimizer& optimizer) {
      const Tensor x = shard.rows(batch.images);
      const Tensor noisy = (Var(x) + Var(Tensor::randn(x.shape(), shard.rng))).value();
      return std::vector{descend(optimizer, [&] { return mean(squared_error(net(noisy), x)); })};
    });
    all.push_back(loss[0]);
  }
  for (const auto& [name, tensor] : net.state().tensors)
    all.insert(all.end(), tensor.values().begin(), tensor.values().end());
  for (const auto& [name, counter] : net.state().counters) all.push_back(static_cast<Real>(*counter % 65536));
  return all;
}

std::vector<Real> trained_on(int ranks, Index count, const ShardOptions& options = {}) {
  std::vector<std::vector<Real>> results(static_cast<std::size_t>(ranks));
  on_ranks(ranks, [&](const Transport& transport) {
    results[static_cast<std::size_t>(transport.rank)] = trained(count, transport, options);
  });
  for (const auto& result : results) CHECK(result == results[0]);
  return results[0];
}

}  // namespace

TEST_CASE("tree: all ranks get the sum of the tree over the shards, for any number of ranks") {
  Rng rng(5);
  for (Index shards = 1; shards <= 17; ++shards) {
    std::vector<float> x;
    for (Index i = 0; i < shards; ++i) x.push_back(static_cast<float>(rng.normal()) * 1e3f);
    int height = 0;
    while ((Index{1} << height) < shards) ++height;
    const float expected = tree_sum(x, 0, height);
    for (int ranks = 1; ranks <= shards; ++ranks) {
      const ShardTree tree(shards, ranks);
      for (Index slice = 0; slice < 9; ++slice) {
        CAPTURE(shards);
        CAPTURE(ranks);
        CAPTURE(slice);
        std::vector<Adder> adders(static_cast<std::size_t>(ranks));
        CHECK(follow(tree, x, slice, adders) == tree.messages(slice));
        for (const Adder& adder : adders) {
          CHECK(adder.at == adder.moves.size());
          CHECK(adder.result == expected);
        }
      }
    }
  }
}

TEST_CASE("tree: the upper nodes of different slices are on different ranks") {
  const ShardTree tree(8, 8);
  std::vector<int> roots(8);
  for (Index slice = 0; slice < 8; ++slice) {
    CHECK(tree.messages(slice) == 14);
    for (int rank = 0; rank < 8; ++rank)
      for (const TreeMove& move : tree.moves(rank, slice))
        roots[static_cast<std::size_t>(rank)] += move.kind == TreeMove::Kind::finish;
  }
  CHECK(roots == std::vector<int>(8, 1));
}

TEST_CASE("shards: the same bits on any number of ranks, with and without overlap, for any bucket") {
  for (const Index count : {8, 6, 3}) {
    const std::vector<Real> alone = trained_on(1, count);
    for (const int ranks : {2, 3, 5, 8})
      for (const Index bytes : {16, 1 << 20})
        for (const bool overlap : {true, false}) {
          if (ranks > count) continue;
          CAPTURE(count);
          CAPTURE(ranks);
          CAPTURE(bytes);
          CAPTURE(overlap);
          CHECK(trained_on(ranks, count, {.bucket_bytes = bytes, .overlap = overlap}) == alone);
        }
  }
  CHECK(trained_on(1, 8) != trained_on(1, 4));
}

TEST_CASE("shards: random numbers belong to the example, whatever the number of shards") {
  Rng whole(11);
  whole.uniform(), whole.normal();  // so that the position is not 0
  for (const Index rows : {1, 3, 4, 7})
    for (const std::uint64_t parts : {1u, 2u, 3u, 8u}) {
      Rng one = whole;
      const auto size = static_cast<Index>(parts) * rows;
      const Tensor normal = Tensor::randn({size}, one), uniform = Tensor::uniform({size}, one),
                   coins = Tensor::bernoulli({size}, one, Real(0.4));
      for (std::uint64_t part = 0; part < parts; ++part) {
        Rng other = whole.part(part, parts);
        const Index first = static_cast<Index>(part) * rows;
        for (const auto& [all, mine] : {std::pair{normal, Tensor::randn({rows}, other)},
                                        std::pair{uniform, Tensor::uniform({rows}, other)},
                                        std::pair{coins, Tensor::bernoulli({rows}, other, Real(0.4))}})
          for (Index i = 0; i < rows; ++i) CHECK(mine[i] == all[first + i]);
        CHECK(other.position() == one.position());
      }
    }
  CHECK_THROWS_WITH_AS(whole.part(2, 2), "Rng::part: part 2 of 2", Error);
}

TEST_CASE("shards: batch norm normalises each shard, and the running statistics are averaged") {
  Rng rng(2);
  struct Normed : Module {
    explicit Normed(Rng& random) : Module(random) {}
    BatchNorm norm{*this, "norm", 2};
  } net(rng);
  const Tensor x = Tensor::randn({8, 2}, rng, 3, 2);
  Sgd sgd(net.parameters(), {.lr = 0});
  Shards shards(2);
  shards.step({sgd, net, {}, rng}, [&](Shard& shard, const Optimizer& optimizer) {
    const Tensor rows = shard.rows(x);
    return std::vector{descend(optimizer, [&] {
      const Var y = net.norm(rows);
      for (Index c = 0; c < 2; ++c) {
        double sum = 0;
        for (Index b = 0; b < 4; ++b) sum += y.value()[2 * b + c];
        CHECK(sum == doctest::Approx(0).epsilon(1e-5));
      }
      return mean(y);
    })};
  });
  for (Index c = 0; c < 2; ++c) {
    double mean = 0, variance = 0;  // of the two shards, averaged
    for (Index s = 0; s < 2; ++s) {
      double m = 0, v = 0;
      for (Index b = 4 * s; b < 4 * s + 4; ++b) m += x[2 * b + c] / 4;
      for (Index b = 4 * s; b < 4 * s + 4; ++b) v += (x[2 * b + c] - m) * (x[2 * b + c] - m) / 3;
      mean += m / 2, variance += v / 2;
    }
    CHECK(net.norm.running.mean[c] == doctest::Approx(0.1 * mean));
    CHECK(net.norm.running.variance[c] == doctest::Approx(0.9 + 0.1 * variance));
  }
}

TEST_CASE("shards: one shard is the training without shards") {
  Rng rng(7);
  Net net(rng);
  Adam adam(net.parameters(), {.lr = Real(0.01)});
  Loader loader(examples(), {.batch = 24, .shuffle = true}, rng);
  std::vector<Real> all;
  for (int step = 0; step < 6; ++step) {
    const Batch& batch = loader.next();
    const Tensor x = batch.images, noisy = (Var(x) + Var(Tensor::randn(x.shape(), rng))).value();
    all.push_back(descend(adam, [&] { return mean(squared_error(net(noisy), x)); }));
  }
  for (const auto& [name, tensor] : net.state().tensors)
    all.insert(all.end(), tensor.values().begin(), tensor.values().end());
  for (const auto& [name, counter] : net.state().counters) all.push_back(static_cast<Real>(*counter % 65536));
  CHECK(trained_on(1, 1) == all);
}

TEST_CASE("shards: without batch norm, the gradient is that of the whole batch, with its random numbers") {
  struct Line : Module {
    explicit Line(Rng& random) : Module(random) {}
    Dropout dropout{*this, "dropout", Real(0.3)};
    Linear line{*this, "line", 3, 2};
    Linear unused{*this, "unused", 3, 2};
  };
  Rng source(3);
  const Tensor x = Tensor::randn({12, 3}, source), y = Tensor::randn({12, 2}, source);
  const auto numbers = [&](Index count) {  // losses and gradients of two steps
    Rng rng(4);
    Line net(rng);
    Sgd sgd(net.parameters(), {.lr = 0});
    Shards shards(count);
    std::vector<Real> all;
    for (int step = 0; step < 2; ++step) {
      const auto loss = shards.step({sgd, net, {}, rng}, [&](Shard& shard, const Optimizer& optimizer) {
        const Tensor in = shard.rows(x), noise = Tensor::randn(in.shape(), shard.rng);
        return std::vector{descend(optimizer, [&] {
          return mean(squared_error(net.line(net.dropout(Var(in) + Var(noise))), shard.rows(y)));
        })};
      });
      all.push_back(loss[0]);
      for (const Real number : net.line.w.grad.values()) all.push_back(number);
      CHECK(!net.unused.w.grad);  // as without shards: an optimizer leaves it unchanged
    }
    return all;
  };
  const std::vector<Real> whole = numbers(1), shards = numbers(4);
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(shards[i] == doctest::Approx(whole[i]));
}

TEST_CASE("shards: a wish to stop reaches all ranks after the same step") {
  on_ranks(3, [](const Transport& transport) {
    Rng rng(1);
    Net net(rng);
    Sgd sgd(net.parameters(), {.lr = 0});
    Shards shards(6, transport);
    int step = 0;
    shards.ask_for_stop([&] { return transport.rank == 1 && step == 2; });
    for (; step < 4; ++step) {
      shards.step({sgd, net, {}, rng}, [&](Shard&, const Optimizer& optimizer) {
        return std::vector{descend(optimizer, [&] { return mean(net(Tensor::full({2, 6}, 1))); })};
      });
      CHECK(shards.stopping() == (step == 2));
    }
  });
}

TEST_CASE("shards: errors name the numbers") {
  CHECK_THROWS_WITH_AS(Shards(3).per_shard(64),
                       "3 shards do not divide a batch of 64 examples; choose a divisor of 64", Error);
  CHECK_THROWS_WITH_AS(ShardTree(2, 4),
                       "ShardTree: 4 ranks for 2 shards; every rank needs a shard, so start at most 2 ranks",
                       Error);
  CHECK_THROWS_WITH_AS(ShardTree(0, 1), "ShardTree: 0 shards, needs at least 1", Error);
  Rng rng(1);
  Net net(rng);
  Sgd sgd(net.parameters(), {.lr = 0});
  Shards shards(2);
  CHECK_THROWS_WITH_AS(
      shards.step({sgd, net, {}, rng}, [](Shard&, const Optimizer&) { return std::vector<Real>{}; }),
      "Shards: a step has not called the step of its optimizer", Error);
  Loader uneven(examples(), {.batch = 20}, rng);
  CHECK_THROWS_AS(shards.share(uneven), Error);
  CHECK_THROWS_WITH_AS(Shards(2, {}, {.bucket_bytes = 0}), "Shards: messages of 0 bytes, expected 1 to 2^30",
                       Error);
  // two backward passes: the first gradients may be under way
  CHECK_THROWS_AS(on_ranks(2,
                           [](const Transport& transport) {
                             Rng own(1);
                             Net other(own);
                             Sgd each(other.parameters(), {.lr = 0});
                             Shards both(2, transport);
                             both.step({each, other, {}, own}, [&](Shard&, const Optimizer& optimizer) {
                               optimizer.zero_grad();
                               for (int pass = 0; pass < 2; ++pass) {
                                 Tape tape;
                                 tape.backward(mean(other(Tensor::full({2, 6}, 1))));
                               }
                               optimizer.step();
                               return std::vector<Real>{};
                             });
                           }),
                  Error);
}

TEST_CASE("shards: all ranks must reach the same parameters, in few enough messages") {
  struct Two : Module {
    explicit Two(Rng& random) : Module(random) {}
    Linear first{*this, "first", 3, 200};
    Linear second{*this, "second", 3, 200};
  };
  const auto step = [](const Transport& transport, Index bytes, bool other) {
    Rng rng(1);
    Two net(rng);
    Sgd sgd(net.parameters(), {.lr = 0});
    Shards shards(2, transport, {.bucket_bytes = bytes});
    shards.step({sgd, net, {}, rng}, [&](Shard&, const Optimizer& optimizer) {
      return std::vector{descend(optimizer, [&] {
        const Var x = Tensor::full({2, 3}, 1), y = mean(net.first(x));
        return other && transport.rank == 1 ? y + mean(net.second(x)) : y;
      })};
    });
  };
  on_ranks(2, [&](const Transport& transport) {
    step(transport, 1 << 20, false);
    CHECK_THROWS_WITH_AS(step(transport, 1 << 20, true),
                         doctest::Contains("parameters, those of others on more or fewer"), Error);
  });
  struct Wide : Module {
    explicit Wide(Rng& random) : Module(random) {}
    Linear line{*this, "line", 1, 40000};
  };
  Rng rng(1);
  Wide net(rng);
  Sgd sgd(net.parameters(), {.lr = 0});
  Shards shards(2, {}, {.bucket_bytes = 1});
  CHECK_THROWS_WITH_AS(
      shards.step({sgd, net, {}, rng}, [](Shard&, const Optimizer&) { return std::vector<Real>{}; }),
      doctest::Contains("more than 32000 messages"), Error);
}

TEST_CASE("ranks: a lost rank is named, one that computes for long is not") {
  Memory memory(3);
  Ranks waits(memory.of(1), 2), computes(memory.of(0), 2);  // rank 2 has never begun
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  waits.wait([&] { return std::chrono::steady_clock::now() > end; }, [] { return 0; });
  for (Ranks* ranks : {&waits, &computes})
    CHECK_THROWS_WITH_AS(
        ranks->wait([] { return false; }, [] { return 2; }),
        doctest::Contains(text("rank ", ranks->rank(), ": no sign of life from rank 2 for 2 s").c_str()),
        Error);
}

TEST_CASE("ranks: a comparison of values does not wait for ever for a rank that is lost") {
  Memory memory(2);
  for (const int rank : {0, 1}) {  // the other one is silent; rank 1 has sent its values, rank 0 gets none
    Ranks ranks(memory.of(rank), 0.5);
    CHECK_THROWS_WITH_AS(ranks.disagreement({{"seed", "1"}}),
                         doctest::Contains(text("no sign of life from rank ", 1 - rank).c_str()), Error);
  }
}

TEST_CASE("shards: a rank that does not take its messages is named") {
  Memory memory(2);
  memory.lost = 1;  // it has sent its gradients, then it ends: the sum that goes back to it never arrives
  const std::byte some{};
  memory.of(1).send(0, 0, {&some, 1});
  Rng rng(1);
  Net net(rng);
  Sgd sgd(net.parameters(), {.lr = 0});
  setenv("GRADUS_RANK_TIMEOUT", "0.5", 1);
  Shards shards(2, memory.of(0));
  unsetenv("GRADUS_RANK_TIMEOUT");
  CHECK_THROWS_WITH_AS(shards.step({sgd, net, {}, rng},
                                   [&](Shard&, const Optimizer& optimizer) {
                                     return std::vector{descend(optimizer, [&] {
                                       return mean(net(Tensor::full({2, 6}, 1)));
                                     })};
                                   }),
                       doctest::Contains("rank 0: no sign of life from rank 1 for 0.5 s"), Error);
}

TEST_CASE("ranks: values that must be equal") {
  std::string sentences[3];
  on_ranks(3, [&](const Transport& transport) {
    Ranks ranks(transport);
    CHECK(ranks.disagreement({{"seed", "1"}, {"data", "a\nb"}}) == "");
    sentences[transport.rank] =
        ranks.disagreement({{"seed", transport.rank == 2 ? "5" : "1"}, {"preset", "quick"}});
  });
  for (const std::string& sentence : sentences)
    CHECK(sentence == "rank 2 differs: seed is 5, and on rank 0 1; all ranks need the same");
}
