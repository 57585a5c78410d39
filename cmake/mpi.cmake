# gradus_mpi: training on several processes. A program that links it compiles src/train/mpi_ranks.cpp, whose connect_ranks()
# takes the place of the library's in one_rank.cpp. Without MPI it is empty.
option(GRADUS_MPI "Train on several processes, if MPI is installed" ON)
add_library(gradus_mpi INTERFACE)
if(GRADUS_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)  # only the functions of C
  find_package(MPI QUIET COMPONENTS CXX)
endif()
if(GRADUS_MPI AND MPI_CXX_FOUND)
  target_sources(gradus_mpi INTERFACE ${PROJECT_SOURCE_DIR}/src/train/mpi_ranks.cpp)
  target_link_libraries(gradus_mpi INTERFACE MPI::MPI_CXX)
endif()
