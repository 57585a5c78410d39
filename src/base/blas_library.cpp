// OpenBLAS selects its kernel once, while it is loaded, from a table of known processors. Debian's 0.3.21
// treats a recent Intel processor as a Prescott of 2004 (SSE3) or a Haswell (AVX2): up to five times slower
// than the AVX-512 kernel that it also contains. The variable OPENBLAS_CORETYPE selects a kernel, but it is
// read while the library is loaded, before a program linked with it reaches main. Therefore Gradus does not
// link OpenBLAS. It opens the library and reads the selected kernel; if the processor supports a faster one,
// it closes the library and opens it again with the variable set. If another library of the process is linked
// with OpenBLAS, closing does not unload it and the kernel stays: then only the environment in which the
// program starts can select another one.
//
// OpenBLAS maps a work buffer of 128 MB per processor while it is loaded, and one per calling thread at the
// thread's first call. If a limit (ulimit -v) refuses a buffer, it retries forever. Under a limit, this file
// first checks that all buffers fit, and creates them at once, before tensors occupy the memory.
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

/// The paths to try, best first: what the build found (the OpenMP build), the system's choice, Homebrew.
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

/// Whether `threads` buffers for loading and as many for the callers can be mapped.
bool has_room(int threads) {
  constexpr std::size_t buffer = std::size_t{129} << 20, library = std::size_t{96} << 20;
  const std::size_t bytes = 2 * static_cast<std::size_t>(threads) * buffer + library;
  void* probe = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return false;
  munmap(probe, bytes);
  return true;
}

/// Creates the callers' buffers; OpenBLAS keeps released buffers.
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
    unsetenv("OPENBLAS_CORETYPE");  // child processes must not inherit it
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
  // A build with its own threads would start them inside our parallel loops. (In the OpenMP build the same
  // call would set OpenMP's number of threads, which Gradus shares, to one.)
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
