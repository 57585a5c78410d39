// connect_ranks() with MPI: the library gradus_mpi. The only file that includes mpi.h.
#include <mpi.h>

#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/train/ranks.hpp"

namespace gradus {
namespace {

void check(int code, const char* what, int rank) {
  if (code == MPI_SUCCESS) return;
  char words[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, words, &length);
  throw Error(
      text("MPI cannot ", what, " rank ", rank, ": ", std::string(words, static_cast<std::size_t>(length))));
}

/// This process in MPI's world, from the first connect_ranks() to the end of the process.
class World {
 public:
  World() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    GRADUS_CHECK(provided >= MPI_THREAD_SERIALIZED, "this MPI does not allow calls from two threads");
    GRADUS_CHECK(size == launched_ranks(), "started as ", launched_ranks(),
                 " processes, of which MPI connects ", size,
                 ": the launcher belongs to another MPI than the program; build with that one (",
                 "cmake -DMPI_CXX_COMPILER=..), or with Slurm choose srun --mpi=pmix or --mpi=pmi2");
  }
  /// A process that ends before all are ready ends the others: they would wait for it.
  ~World() {
    if (!ended_) MPI_Abort(MPI_COMM_WORLD, 1);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int send(int to, int tag, std::span<const std::byte> bytes) {
    const int message = free_place(to);
    check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, MPI_COMM_WORLD,
                    &requests_[static_cast<std::size_t>(message)]),
          "send to", to);
    return message;
  }
  int receive(int from, int tag, std::span<std::byte> bytes) {
    const int message = free_place(from);
    check(MPI_Irecv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, from, tag, MPI_COMM_WORLD,
                    &requests_[static_cast<std::size_t>(message)]),
          "receive from", from);
    return message;
  }
  bool done(int message) {
    const auto place = static_cast<std::size_t>(message);
    int complete = 0;
    check(MPI_Test(&requests_[place], &complete, MPI_STATUS_IGNORE), "exchange messages with",
          others_[place]);
    if (complete) free_.push_back(message);
    return complete != 0;
  }
  /// Signs of life may be under way in both directions: they are of no interest any more.
  void end() {
    for (MPI_Request& request : requests_) {
      int complete = 0;
      MPI_Test(&request, &complete, MPI_STATUS_IGNORE);
      if (!complete) MPI_Cancel(&request), MPI_Request_free(&request);
    }
    ended_ = true;
    MPI_Finalize();
  }

  int rank = 0, size = 1;

 private:
  int free_place(int other) {
    if (free_.empty()) {
      free_.push_back(static_cast<int>(requests_.size()));
      requests_.push_back(MPI_REQUEST_NULL);
      others_.push_back(other);
    }
    const int place = free_.back();
    free_.pop_back();
    others_[static_cast<std::size_t>(place)] = other;
    return place;
  }

  bool ended_ = false;
  std::vector<MPI_Request> requests_;
  std::vector<int> others_, free_;  // the rank of each message; numbers that are free
};

}  // namespace

Transport connect_ranks() {
  if (launched_ranks() == 0) return {};
  static World world;
  return {
      .rank = world.rank,
      .size = world.size,
      .send = [](int to, int tag, std::span<const std::byte> bytes) { return world.send(to, tag, bytes); },
      .receive = [](int from, int tag,
                    std::span<std::byte> bytes) { return world.receive(from, tag, bytes); },
      .done = [](int message) { return world.done(message); },
      .end = [] { world.end(); }};
}

}  // namespace gradus
