#pragma once
// Shards: training on several processes whose result depends on the number of shards only.
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/optim/descend.hpp"
#include "gradus/train/ranks.hpp"
#include "gradus/train/shard_tree.hpp"

namespace gradus {

/// One of the S equal parts of a batch, for which one forward and backward pass is computed.
struct Shard {
  Index index = 0, count = 1;  ///< which one of S
  Index first = 0;             ///< index of this process's first shard, and how many it has
  Index here = 1;              ///< number of this process's shards
  /// The step's generator for this shard: filled buffers have the rows that they would have in a draw for the
  /// whole batch, so that random numbers belong to (seed, step, example).
  Rng rng{};

  /// This shard's rows of a tensor with the rows that the loader delivers to this process (view).
  /// Throws Error when they cannot be divided.
  Tensor rows(const Tensor& x) const;
};

/// The objects that a step changes.
struct ShardedStep {
  const Optimizer& optimizer;     ///< of the trained module's parameters
  Module& trained;                ///< its gradients are averaged; its buffers, too
  std::vector<Module*> others{};  ///< further modules whose buffers (running statistics) the step changes
  Rng& rng;                       ///< advanced as by the step for a whole batch
};

/// Settings of Shards.
struct ShardOptions {
  Index bucket_bytes = 1 << 20;  ///< of gradients per message
  bool overlap = true;           ///< buckets travel while earlier layers are walked backwards
};

/// What a process has sent.
struct Traffic {
  Index messages = 0;  ///< number of messages
  Index bytes = 0;     ///< in these messages
};

/// Divides every batch of B examples into S shards of B / S, and the shards among the ranks:
///
///   gradient = 1/S sum_s gradient of shard s      added in a ShardTree: the same bits on any number of ranks
///   reading  = 1/S sum_s reading of shard s       the losses; a shard's loss is the mean over its examples
///
///     Shards shards(8, connect_ranks());
///     shards.share(loader);                                  // this process's rows of every batch
///     while (trainer.next()) {
///       const Batch& batch = loader.next();
///       const auto loss = shards.step({adam, model, {}, rng}, [&](Shard& shard, const Optimizer& each) {
///         const Tensor x = shard.rows(batch.images);
///         return std::vector{descend(each, [&] { return mean(squared_error(model(x), x)); })};
///       });
///       trainer.report({{"loss", loss[0]}});
///     }
///
/// Batch norm normalises a shard by the shard's own statistics ("ghost batch norm": Hoffer, Hubara, Soudry
/// 2017). Every shard moves the running statistics from the same start; their new values are averaged by the
/// same tree. A generator of a module (dropout) draws by example, like `rng`.
///
/// All ranks hold all weights and make the same update. With S = 1 a step is that of an unsharded program.
class Shards {
 public:
  /// Throws Error unless 1 <= ranks <= count, and when messages would be empty or above 1 GB.
  explicit Shards(Index count = 1, Transport transport = {}, const ShardOptions& options = {});
  ~Shards();

  Index count() const { return tree_.shards(); }       ///< S
  Ranks& ranks() { return ranks_; }                    ///< the processes
  const Traffic& traffic() const { return traffic_; }  ///< sent by this process in all steps

  /// The examples per shard of a batch. Throws Error when S does not divide the batch.
  Index per_shard(Index batch) const;
  /// From now on the loader delivers this process's rows of every batch. Throws Error as per_shard and
  /// Loader::serve_rows do.
  void share(Loader& loader) const;

  /// One step of training. `one` computes a shard: it clears the gradients, runs one backward pass and calls
  /// the step of the optimizer that it is given, as descend and the GAN steps do, and returns its readings
  /// (at most 8). This optimizer only collects the gradients; the step of how.optimizer follows when all
  /// shards are added. Returns the means of the readings, the same on all ranks.
  /// Throws Error when a rank is lost (Ranks::wait), when the shards do not reach the same parameters, when
  /// `one` runs backward twice, and when the numbers need more than Ranks::tags messages.
  std::vector<Real> step(const ShardedStep& how,
                         const std::function<std::vector<Real>(Shard&, const Optimizer&)>& one);

  /// Asks before every exchange whether this rank wants to stop; see stopping().
  void ask_for_stop(std::function<bool()> wanted) {
    wants_stop_ = std::move(wanted);
    ranks_.hurry(wants_stop_);
  }
  /// True on all ranks alike when a rank wanted to stop in one of the steps so far; the call resets it.
  bool stopping() { return std::exchange(stopping_, false); }

 private:
  class Row;  // of numbers that are added for the objects of a step
  using Places = std::vector<std::pair<const void*, Index>>;
  Row& row_of(const ShardedStep& how);

  ShardTree tree_;
  ShardOptions options_;
  Ranks ranks_;
  Traffic traffic_;
  std::map<Places, std::unique_ptr<Row>> rows_;  // by the addresses and sizes of the objects
  std::function<bool()> wants_stop_;
  bool stopping_ = false;
};

}  // namespace gradus
