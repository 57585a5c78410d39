#pragma once
// Exchange: adds rows of numbers over all shards, in slices that travel while later ones are computed.
#include <utility>
#include <vector>

#include "gradus/tensor/tensor.hpp"
#include "gradus/train/ranks.hpp"
#include "gradus/train/shard_tree.hpp"
#include "gradus/train/shards.hpp"

namespace gradus {

/// One row of `size` numbers per shard; the result is their sum over all shards, divided by S. In every step
/// a process calls, for each of its shards in order, next() and finish(); then wait().
class Exchange {
 public:
  /// A slice has `slice` numbers; the last one may have fewer.
  Exchange(const ShardTree& tree, Ranks& ranks, Traffic& traffic, Index size, Index slice);

  /// Whether the next shard is this process's last one.
  bool last() const { return shard_ + 1 == tree_.first(ranks_.rank() + 1); }
  /// The row of the next shard, to be written.
  Real* next() { return slots_[static_cast<std::size_t>(depth_)].data(); }
  /// The first `end` numbers of the last shard are written: begins to send their slices.
  void reached(Index end);
  /// The row of the next shard is written.
  void finish();
  /// Goes on with the slices under way.
  void poll();
  /// Returns when this process has the result, and the others can have it. Throws Error as Ranks::wait does.
  void wait();
  /// The means over all shards, [size]; valid until the next wait().
  const Real* result() const { return result_.data(); }

 private:
  struct Slice {
    Index first = 0, count = 0;     // of the numbers
    std::vector<TreeMove> moves{};  // of this process
    std::size_t at = 0;             // the next move
    int message = -1;               // that is being received; -1: none
  };
  void proceed(Slice& slice, int tag);
  bool receive(Slice& slice, int tag, Tensor& into, int from);
  void send(const Slice& slice, int tag, const Tensor& from, int to);
  void add(int slot, const Tensor& other, const Slice& slice);
  void add_own(const Slice& slice);

  const ShardTree& tree_;
  Ranks& ranks_;
  Traffic& traffic_;
  std::vector<Slice> slices_;
  std::vector<Tensor> slots_;              // [size] each: partial sums
  Tensor received_, result_;               // [size]
  Index shard_;                            // the next one
  int depth_ = 0;                          // slots in use
  std::size_t begun_ = 0;                  // slices
  std::vector<std::pair<int, int>> sent_;  // messages under way, each with the rank that it goes to
};

}  // namespace gradus
