// connect_ranks() without MPI. A program that is linked with mpi_ranks.cpp uses the function there.
#include "gradus/base/check.hpp"
#include "gradus/train/ranks.hpp"

namespace gradus {

Transport connect_ranks() {
  GRADUS_CHECK(launched_ranks() <= 1, "started as ", launched_ranks(),
               " processes, but built without MPI: install it (make deps PURPOSE=mpi), then build again");
  return {};
}

}  // namespace gradus
