#pragma once
// ShardTree: the order in which the gradients of a batch's shards are added, and the messages that it needs.
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// One action of a process for one slice of the gradients.
struct TreeMove {
  /// add: slot += other slot.  send: the slot to a rank.  receive: slot += what a rank sends.
  /// finish: the slot holds the sum over all shards.  send_result, receive_result: that sum, further on.
  enum class Kind { add, send, receive, finish, send_result, receive_result };
  Kind kind;      ///< what it is
  int slot = 0;   ///< of this process's partial sums
  int other = 0;  ///< for add: the slot that is added; for messages: the rank
};

/// A fixed binary tree over the shards 0 .. S-1: (0, 1), (2, 3), .. are added first, then (01, 23), .. A node
/// without a right neighbour is its own sum. The sums, and so all bits, depend on S only.
///
/// A rank owns consecutive shards, from rank S / ranks on. A node whose two halves are on one rank is added
/// there; otherwise one rank sends its half to the other one. Which of them adds alternates with the slice,
/// so that the work of the upper nodes is distributed over the ranks (a + b and b + a have the same bits).
/// The sum over all shards returns along the same edges.
///
///   slice 0, S = 8, 4 ranks:    01   23   45   67        rank 0 sends 1 message and receives 2 up the tree,
///                               0 <-- 1    2 <-- 3       and the reverse down the tree: ranks - 1 messages
///                               0 <------- 2             per direction
class ShardTree {
 public:
  /// Throws Error unless 1 <= ranks <= shards.
  ShardTree(Index shards, int ranks);

  Index shards() const { return shards_; }  ///< S
  int ranks() const { return ranks_; }      ///< number of processes
  /// The first shard of a rank; first(ranks()) is S.
  Index first(int rank) const { return rank * shards_ / ranks_; }

  /// Adds made when a rank has finished a shard, which is on top of the slots 0 .. depth-1: the number of
  /// slots that remain. Slot i += slot i + 1 for every add, from the top down.
  int depth_after(int rank, Index shard) const;
  /// Number of slots that a rank needs for its shards.
  int slots(int rank) const;
  /// What a rank does for a slice once its own shards are in depth_after(rank, last shard) slots. All ranks
  /// that follow their lists, messages between two ranks in order, end with the same sum.
  std::vector<TreeMove> moves(int rank, Index slice) const;
  /// Number of messages of all ranks for a slice.
  Index messages(Index slice) const;

 private:
  struct Node;
  struct Edge;
  std::vector<Node> local_nodes(int rank, Index last) const;
  std::vector<Edge> edges(Index slice, int& root) const;

  Index shards_;
  int ranks_;
  std::vector<int> owner_;  // [S]
};

}  // namespace gradus
