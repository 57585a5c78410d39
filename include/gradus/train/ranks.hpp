#pragma once
// Ranks: the processes that share a training, and the messages between them.
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gradus {

/// How messages travel. The default is a single process without messages; mpi_transport() is that of MPI.
/// Messages between two ranks with the same tag arrive in the order in which they were sent.
struct Transport {
  int rank = 0;  ///< of this process, 0 .. size-1
  int size = 1;  ///< number of processes
  /// Begins to send bytes, which must stay unchanged until done(); returns the message's number.
  std::function<int(int to, int tag, std::span<const std::byte> bytes)> send{};
  /// Begins to receive as many bytes into a buffer that must live until done(); returns the message's number.
  std::function<int(int from, int tag, std::span<std::byte> bytes)> receive{};
  /// Whether the message is complete. The number is free after the first true.
  std::function<bool(int message)> done{};
  /// Ends the connection, when all ranks are ready to end; without it, the end of the process ends them all.
  std::function<void()> end{};
};

/// The number of processes that a launcher (mpirun, mpiexec, srun) has started, from its environment
/// variables; 0 without a launcher.
int launched_ranks();
/// The number of those on this machine; at least 1.
int ranks_on_this_machine();
/// Connects the processes that a launcher has started. In a program that is linked with the library
/// gradus_mpi this is MPI. Otherwise it is a single process, and it throws Error when there are several.
Transport connect_ranks();

/// Named values that must be equal on all ranks.
using Agreement = std::map<std::string, std::string>;
/// What must be equal for equal bits whatever is trained: the program file, and the instructions that its
/// libraries select on this processor.
Agreement same_program();

/// The ranks of a training. Rank 0 leads: it writes files and speaks.
class Ranks {
 public:
  /// `patience`: seconds without a sign of life after which a rank counts as lost; by default the environment
  /// variable GRADUS_RANK_TIMEOUT, else 20. Throws Error when that is no positive number.
  explicit Ranks(Transport transport = {}, double patience = 0);

  int rank() const { return transport_.rank; }               ///< of this process
  int size() const { return transport_.size; }               ///< number of processes
  bool leads() const { return rank() == 0; }                 ///< whether this is rank 0
  const Transport& transport() const { return transport_; }  ///< for messages

  /// Returns when `ready` returns true. `awaited` names a rank whose message is missing, or is -1. A rank
  /// that waits longer than a second sends signs of life to all others.
  /// Throws Error, naming the awaited rank, when it has given no sign of life for `patience` seconds.
  void wait(const std::function<bool()>& ready, const std::function<int()>& awaited);

  /// While `wanted` returns true, wait() loses patience after 10 seconds: a launcher that has lost a rank
  /// asks the others to end, as Ctrl-C does.
  void hurry(std::function<bool()> wanted) { hurry_ = std::move(wanted); }

  /// Compares `mine` on all ranks with rank 0's. Returns an empty text, or on every rank the same sentence,
  /// which names the first rank that differs, the value and both texts. Waits for ranks that start late.
  std::string disagreement(const Agreement& mine);

  /// Ends the connection. The others wait here, without using their processor, until rank 0 has called it.
  void leave();

 private:
  using Clock = std::chrono::steady_clock;
  void exchange_signs();
  void send_text(int to, const std::string& words);
  std::string receive_text(int from);

  Transport transport_;
  std::chrono::duration<double> patience_;
  std::function<bool()> hurry_;
  std::vector<Clock::time_point> heard_;  // [size] the last sign of life
  std::vector<int> said_, listening_;     // [size] numbers of messages under way; -1: none
  Clock::time_point last_said_{};
};

}  // namespace gradus
