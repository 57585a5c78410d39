#include "exchange.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

using Kind = TreeMove::Kind;

Exchange::Exchange(const ShardTree& tree, Ranks& ranks, Traffic& traffic, Index size, Index slice)
    : tree_(tree),
      ranks_(ranks),
      traffic_(traffic),
      received_({size}),
      result_({size}),
      shard_(tree.first(ranks.rank())) {
  for (int i = 0; i < tree.slots(ranks.rank()); ++i) slots_.emplace_back(Shape{size});
  for (Index first = 0; first < size; first += slice)
    slices_.push_back({.first = first,
                       .count = std::min(slice, size - first),
                       .moves = tree.moves(ranks.rank(), std::ssize(slices_))});
  GRADUS_CHECK(std::ssize(slices_) <= Ranks::tags, "Shards: ", size, " numbers in slices of ", slice,
               " are more than ", Ranks::tags, " messages; choose a larger ShardOptions::bucket_bytes");
}

/// slot += other, for the slice's numbers.
void Exchange::add(int slot, const Tensor& other, const Slice& slice) {
  Real* sum = slots_[static_cast<std::size_t>(slot)].data() + slice.first;
  zip(slice.count, sum, other.data() + slice.first, sum, [](Real a, Real b) { return a + b; });
}

/// The adds that the shard in the top slot completes.
void Exchange::add_own(const Slice& slice) {
  for (int slot = depth_; slot >= tree_.depth_after(ranks_.rank(), shard_); --slot)
    add(slot - 1, slots_[static_cast<std::size_t>(slot)], slice);
}

void Exchange::finish() {
  if (last()) return reached(result_.size());
  for (const Slice& slice : slices_) add_own(slice);
  depth_ = tree_.depth_after(ranks_.rank(), shard_);
  ++shard_;
}

void Exchange::reached(Index end) {
  for (; begun_ < slices_.size(); ++begun_) {
    const Slice& slice = slices_[begun_];
    if (slice.first + slice.count > end) break;
    add_own(slice);
  }
  poll();
}

void Exchange::send(const Slice& slice, int tag, const Tensor& from, int to) {
  const auto bytes = std::as_bytes(
      from.values().subspan(static_cast<std::size_t>(slice.first), static_cast<std::size_t>(slice.count)));
  sent_.emplace_back(ranks_.send(to, tag, bytes), to);
  ++traffic_.messages;
  traffic_.bytes += std::ssize(bytes);
}

/// Whether the slice has arrived from this rank.
bool Exchange::receive(Slice& slice, int tag, Tensor& into, int from) {
  if (slice.message < 0)
    slice.message =
        ranks_.receive(from, tag,
                       std::as_writable_bytes(into.values().subspan(static_cast<std::size_t>(slice.first),
                                                                    static_cast<std::size_t>(slice.count))));
  if (!ranks_.done(slice.message)) return false;
  slice.message = -1;
  return true;
}

/// Makes the slice's moves until a message is missing.
void Exchange::proceed(Slice& slice, int tag) {
  for (; slice.at < slice.moves.size(); ++slice.at) {
    const TreeMove& move = slice.moves[slice.at];
    Tensor& slot = slots_[static_cast<std::size_t>(move.slot)];
    switch (move.kind) {
      case Kind::add:
        add(move.slot, slots_[static_cast<std::size_t>(move.other)], slice);
        break;
      case Kind::send:
        send(slice, tag, slot, move.other);
        break;
      case Kind::receive:
        if (!receive(slice, tag, received_, move.other)) return;
        add(move.slot, received_, slice);
        break;
      case Kind::finish:
        map(slice.count, slot.data() + slice.first, result_.data() + slice.first,
            [S = static_cast<Real>(tree_.shards())](Real sum) { return sum / S; });
        break;
      case Kind::send_result:
        send(slice, tag, result_, move.other);
        break;
      case Kind::receive_result:
        if (!receive(slice, tag, result_, move.other)) return;
        break;
    }
  }
}

void Exchange::poll() {
  for (std::size_t i = 0; i < begun_; ++i) proceed(slices_[i], static_cast<int>(i));
}

void Exchange::wait() {
  const auto complete = [&] {
    poll();
    std::erase_if(sent_, [&](const auto& sent) { return ranks_.done(sent.first); });
    return sent_.empty() && std::all_of(slices_.begin(), slices_.end(),
                                        [](const Slice& slice) { return slice.at == slice.moves.size(); });
  };
  ranks_.wait(complete, [&] {
    for (const Slice& slice : slices_)
      if (slice.message >= 0) return slice.moves[slice.at].other;
    return sent_.front().second;  // without a missing message, a rank has not taken one
  });
  shard_ = tree_.first(ranks_.rank());
  depth_ = 0;
  begun_ = 0;
  for (Slice& slice : slices_) slice.at = 0;
}

}  // namespace gradus
