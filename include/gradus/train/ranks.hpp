#pragma once
// Ranks: the processes that share a training, and the messages between them.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gradus {

/// How messages travel. The default is a single process without messages; connect_ranks() gives that of MPI.
/// Messages between two ranks with the same tag arrive in the order in which they were sent.
/// The functions are called by one thread at a time.
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
/// gradus_mpi this is MPI; it throws Error when MPI connects fewer processes than the launcher has started.
/// Otherwise it is a single process, and it throws Error when there are several.
Transport connect_ranks();

/// Named values that must be equal on all ranks.
using Agreement = std::map<std::string, std::string>;
/// What must be equal for equal bits whatever is trained: the program file, and the instructions that its
/// libraries select on this processor.
Agreement same_program();

/// The ranks of a training. Rank 0 leads: it writes files and speaks. With several ranks, a thread sends a
/// sign of life to all others every second (with a patience below 5 seconds: a fifth of it), so a rank that
/// computes for minutes does not count as lost.
class Ranks {
 public:
  /// `patience`: seconds without a sign of life after which a rank counts as lost; by default the environment
  /// variable GRADUS_RANK_TIMEOUT, else 20. Throws Error when that is no positive number.
  explicit Ranks(Transport transport = {}, double patience = 0);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return transport_.rank; }  ///< of this process
  int size() const { return transport_.size; }  ///< number of processes
  bool leads() const { return rank() == 0; }    ///< whether this is rank 0

  static constexpr int tags = 32000;  ///< messages have tags 0 .. tags-1

  // The functions of Transport, beside the thread of the signs of life.
  int send(int to, int tag, std::span<const std::byte> bytes);
  int receive(int from, int tag, std::span<std::byte> bytes);
  bool done(int message);

  /// Returns when `ready` returns true. `awaited` returns a rank whose action is missing.
  /// Throws Error, naming that rank, when it has given no sign of life for `patience` seconds.
  void wait(const std::function<bool()>& ready, const std::function<int()>& awaited);

  /// While `wanted` returns true, wait() loses patience after 10 seconds: a launcher that has lost a rank
  /// asks the others to end, as Ctrl-C does.
  void hurry(std::function<bool()> wanted) { hurry_ = std::move(wanted); }

  /// Compares `mine` on all ranks with rank 0's. Returns an empty text, or on every rank the same sentence,
  /// which names the first rank that differs, the value and both texts. Throws Error as wait() does.
  std::string disagreement(const Agreement& mine);

  /// Ends the connection when all ranks have called it: the others wait here for rank 0, which may still
  /// compute, almost without using their processor. Throws Error as wait() does.
  void leave();

 private:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  /// Without signs for three pauses, this process was stopped itself, and knows nothing of the others.
  bool was_stopped(Clock::time_point now) const { return now - last_signs_ > 3 * pause_; }
  void finish(int message, int other);
  void exchange_signs();
  void stop_signs();
  void send_text(int to, const std::string& words);
  std::string receive_text(int from);

  Transport transport_;
  Seconds patience_, pause_;  // pause_: between two signs of life
  std::function<bool()> hurry_;
  std::mutex mutex_;                      // of transport_'s functions and all that follows
  std::vector<Clock::time_point> heard_;  // [size] the last sign of life
  std::vector<int> said_, listening_;     // [size] numbers of messages under way; -1: none
  Clock::time_point last_signs_{};        // when the thread was last at work
  bool ends_ = false;                     // the thread's work
  std::condition_variable end_;
  std::thread signs_;
};

}  // namespace gradus
