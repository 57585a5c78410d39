#include "gradus/train/shard_tree.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "gradus/base/check.hpp"

namespace gradus {

using Kind = TreeMove::Kind;

/// The sum over the shards index * 2^level .. (index + 1) * 2^level - 1, as far as they exist.
struct ShardTree::Node {
  int level;
  Index index;
  auto operator<=>(const Node&) const = default;
  Node parent() const { return {level + 1, index / 2}; }
};

/// `from` sends its half of a parent to `to`, which adds it.
struct ShardTree::Edge {
  int from, to;
  Node sent, kept;
};

ShardTree::ShardTree(Index shards, int ranks) : shards_(shards), ranks_(ranks) {
  GRADUS_CHECK(shards >= 1, "ShardTree: ", shards, " shards, needs at least 1");
  GRADUS_CHECK(ranks >= 1 && ranks <= shards, "ShardTree: ", ranks, " ranks for ", shards,
               " shards; every rank needs a shard, so start at most ", shards, " ranks");
  for (int rank = 0; rank < ranks; ++rank) owner_.insert(owner_.end(), first(rank + 1) - first(rank), rank);
}

/// The largest nodes of the rank's shards up to `last`, from left to right: its slots.
std::vector<ShardTree::Node> ShardTree::local_nodes(int rank, Index last) const {
  std::vector<Node> nodes;
  for (Index shard = first(rank); shard <= last; ++shard) {
    nodes.push_back({0, shard});
    while (nodes.size() > 1 && nodes.back().index % 2 == 1 &&
           nodes[nodes.size() - 2] == Node{nodes.back().level, nodes.back().index - 1}) {
      nodes.pop_back();
      nodes.back() = nodes.back().parent();
    }
  }
  return nodes;
}

int ShardTree::depth_after(int rank, Index shard) const {
  return static_cast<int>(local_nodes(rank, shard).size());
}

int ShardTree::slots(int rank) const {
  int most = 0;  // one more than after the previous shard, before the adds
  for (Index shard = first(rank); shard < first(rank + 1); ++shard)
    most = std::max(most, shard == first(rank) ? 1 : depth_after(rank, shard - 1) + 1);
  return most;
}

/// The messages up the tree in order, and the rank that ends with the sum.
std::vector<ShardTree::Edge> ShardTree::edges(Index slice, int& root) const {
  std::vector<Edge> all;
  std::vector<int> owner = owner_;
  for (int level = 0; owner.size() > 1; ++level) {
    std::vector<int> above;
    for (std::size_t i = 0; i < owner.size(); i += 2) {
      Node left{level, static_cast<Index>(i)}, right{level, static_cast<Index>(i) + 1};
      int keeps = owner[i], sends = i + 1 < owner.size() ? owner[i + 1] : keeps;
      if (keeps != sends) {
        if ((slice >> level) % 2 == 1) std::swap(keeps, sends), std::swap(left, right);
        all.push_back({sends, keeps, right, left});
      }
      above.push_back(keeps);
    }
    owner = above;
  }
  root = owner[0];
  return all;
}

std::vector<TreeMove> ShardTree::moves(int rank, Index slice) const {
  int root = 0;
  const std::vector<Edge> up = edges(slice, root);
  std::map<Node, int> slot;  // of the nodes that this rank holds
  const std::vector<Node> start = local_nodes(rank, first(rank + 1) - 1);
  for (std::size_t i = 0; i < start.size(); ++i) slot[start[i]] = static_cast<int>(i);
  std::vector<TreeMove> out;
  // adds the halves that have met on this rank, and renames a node without a right neighbour
  const auto climb = [&](int level) {
    const std::map<Node, int> held = slot;
    for (const auto& [node, place] : held) {
      if (node.level != level || node.index % 2 == 1 || !slot.contains(node)) continue;
      const auto right = slot.find({level, node.index + 1});
      const bool alone = (node.index + 1) << level >= shards_;
      if (right == slot.end() && !(alone && node.index > 0)) continue;
      if (right != slot.end()) {
        out.push_back({Kind::add, place, right->second});
        slot.erase(right);
      }
      slot.erase(node);
      slot[node.parent()] = place;
    }
  };
  int level = 0;
  for (const Edge& edge : up) {
    while (level < edge.sent.level) climb(level++);
    if (edge.from == rank) {
      out.push_back({Kind::send, slot.at(edge.sent), edge.to});
      slot.erase(edge.sent);
    } else if (edge.to == rank) {
      const int place = slot.at(edge.kept);
      out.push_back({Kind::receive, place, edge.from});
      slot.erase(edge.kept);
      slot[edge.kept.parent()] = place;
    }
  }
  for (; level < 63 && slot.size() > 0 && rank == root; ++level) {
    if (slot.size() == 1 && slot.begin()->first.index == 0) break;
    climb(level);
  }
  if (rank == root) out.push_back({Kind::finish, slot.begin()->second, 0});
  std::vector<bool> informed(static_cast<std::size_t>(ranks_));
  informed[static_cast<std::size_t>(root)] = true;
  for (auto edge = up.rbegin(); edge != up.rend(); ++edge) {
    if (informed[static_cast<std::size_t>(edge->from)]) continue;
    informed[static_cast<std::size_t>(edge->from)] = true;
    if (edge->to == rank) out.push_back({Kind::send_result, 0, edge->from});
    if (edge->from == rank) out.push_back({Kind::receive_result, 0, edge->to});
  }
  return out;
}

Index ShardTree::messages(Index slice) const {
  int root = 0;
  return std::ssize(edges(slice, root)) + ranks_ - 1;
}

}  // namespace gradus
