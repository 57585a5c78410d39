// OpenBLAS picks its kernel once, while it is being loaded, from a table of the processors it knows. Debian's
// 0.3.21 takes a recent Intel processor for a Prescott of 2004 (SSE3) or a Haswell (AVX2): up to five times
// slower than the AVX-512 kernel that it also contains. OPENBLAS_CORETYPE names a kernel, but is read in that
// same moment, when a program that is linked with the library has not reached main yet. Therefore nothing
// here is linked: the library is opened, asked for its choice, and, if the processor can do better, closed
// and opened again with the variable set. Where another library of the process is linked with OpenBLAS,
// closing does not unload it, and the kernel stays: then only the environment that the program starts with
// can help.
//
// OpenBLAS maps a work buffer of 128 MB for each processor while it is being loaded, and one for each thread
// that calls it, at its first call. Where a limit (ulimit -v) refuses one, it tries again for ever. Under a
// limit the room for all of them is looked for first, and the buffers are made at once, before tensors take
// it.
#include "gradus/base/blas_library.hpp"

#include <dlfcn.h>
#include <omp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace gradus {
namespace {

/// Where to look, best first: what the build found (the OpenMP flavour), the system's choice, Homebrew.
constexpr std::array candidates = {
#ifdef GRADUS_OPENBLAS
    GRADUS_OPENBLAS,
#endif
    "libopenblas.so.0", "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib"};

enum class Level { basic, avx2, avx512 };

Level level_of_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Level::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::avx2;
#endif
  return Level::basic;
}

Level level_of_kernel(std::string_view kernel) {
  if (kernel == "SkylakeX" || kernel == "Cooperlake" || kernel == "Sapphirerapids") return Level::avx512;
  if (kernel == "Haswell" || kernel == "Zen" || kernel == "Excavator") return Level::avx2;
  return Level::basic;
}

template <class Function>
Function* find(void* handle, const char* name) {
  return reinterpret_cast<Function*>(dlsym(handle, name));
}

std::string kernel_of(void* handle) {
  const auto corename = find<char*()>(handle, "openblas_get_corename");
  return corename ? corename() : "unknown";
}

bool memory_is_limited() {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/// Could `threads` buffers of the loading and as many of the callers be mapped?
bool has_room(int threads) {
  constexpr std::size_t buffer = std::size_t{129} << 20, library = std::size_t{96} << 20;
  const std::size_t bytes = 2 * static_cast<std::size_t>(threads) * buffer + library;
  void* probe = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return false;
  munmap(probe, bytes);
  return true;
}

/// Makes the callers' buffers; OpenBLAS keeps what is given back.
bool reserve_buffers(void* handle, int threads) {
  const auto take = find<void*(int)>(handle, "blas_memory_alloc");
  const auto give = find<void(void*)>(handle, "blas_memory_free");
  if (!take || !give) return false;
  std::vector<void*> buffers;
  for (int i = 0; i < threads; ++i) buffers.push_back(take(0));
  for (void* buffer : buffers) give(buffer);
  return true;
}

BlasLibrary open(const char* path) {
  BlasLibrary library{.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL), .path = path};
  if (!library.handle) return library;
  library.kernel = kernel_of(library.handle);
  const Level possible = level_of_processor();
  if (level_of_kernel(library.kernel) < possible && !std::getenv("OPENBLAS_CORETYPE")) {
    const std::string refused = library.kernel;
    const char* core_type = possible == Level::avx512 ? "SKYLAKEX" : "HASWELL";
    dlclose(library.handle);
    setenv("OPENBLAS_CORETYPE", core_type, 1);
    library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    unsetenv("OPENBLAS_CORETYPE");  // not ours to leave to child processes
    if (!library.handle) return library;
    library.kernel = kernel_of(library.handle);
    if (library.kernel != refused)
      library.refused = refused;
    else
      library.better = core_type;
  }
  library.fast = level_of_kernel(library.kernel) >= possible;
  const auto parallel = find<int()>(library.handle, "openblas_get_parallel");
  library.follows_openmp = parallel && parallel() == 2;
  // A build with threads of its own would start them under our parallel loops. (In the OpenMP build the same
  // call would set OpenMP's number of threads, that is ours, to one.)
  if (!library.follows_openmp)
    if (const auto set_threads = find<void(int)>(library.handle, "openblas_set_num_threads")) set_threads(1);
  return library;
}

}  // namespace

const BlasLibrary& blas_library() {
  static const BlasLibrary library = [] {
    const bool limited = memory_is_limited();
    const int threads = std::max(omp_get_num_procs(), omp_get_max_threads());
    if (limited && !has_room(threads)) return BlasLibrary{.no_room = true};
    for (const char* path : candidates)
      if (BlasLibrary found = open(path); found.handle) {
        if (!limited) return found;
        if (!reserve_buffers(found.handle, threads)) return BlasLibrary{.no_room = true};
        found.callers = threads;
        return found;
      }
    return BlasLibrary{};
  }();
  return library;
}

void* blas_symbol(const char* name) {
  void* handle = blas_library().handle;
  return handle ? dlsym(handle, name) : nullptr;
}

}  // namespace gradus
