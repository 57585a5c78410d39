// RUNTIME NOTES. Between two parallel loops an OpenMP thread either spins, which occupies its core, or sleeps
// and must be woken. libgomp spins for milliseconds: beside one other busy process, a training step of 2.5 ms
// takes 9 to 17 ms. Sleeping at once costs 40 % on a quiet machine. A short spin (GOMP_SPINCOUNT=1000, about
// ten microseconds) costs 4 % on a quiet machine and loses least on a busy one. libgomp reads the variable
// before main is reached, so the program sets it and executes itself once more, which takes a few
// milliseconds. LLVM's runtime has a function for this setting.
#include "gradus/base/runtime.hpp"

#include <omp.h>

#include <cstdlib>
#include <cstring>
#ifdef __linux__
#include <sys/auxv.h>
#include <unistd.h>
#endif

#include "gradus/base/blas_library.hpp"
#include "gradus/base/check.hpp"

namespace gradus {
namespace {

[[maybe_unused]] constexpr const char *spin_variable = "GOMP_SPINCOUNT", *spin_count = "1000",
                                      *restarted = "GRADUS_RESTARTED";

std::string blas_words() {
  const BlasLibrary& blas = blas_library();
  if (blas.no_room) return "no OpenBLAS (the memory limit, ulimit -v, leaves no room for its buffers)";
  if (!blas.handle) return "no OpenBLAS (install libopenblas-openmp-dev)";
  std::string words = "OpenBLAS kernel " + blas.kernel;
  if (!blas.refused.empty()) words += " (instead of " + blas.refused + ")";
  if (std::getenv("OPENBLAS_CORETYPE")) words += " (set by the user)";
  if (!blas.fast) words += ", slower than this processor allows";
  if (!blas.better.empty())
    words +=
        " (another library loaded it first: start the program with OPENBLAS_CORETYPE=" + blas.better + ")";
  if (!blas.follows_openmp) words += ", not its OpenMP build";
  return words;
}

std::string wait_words() {
  if (const char* policy = std::getenv("OMP_WAIT_POLICY"))
    return text("wait policy ", policy, " (set by the user)");
#ifdef KMP_VERSION_MAJOR
  return text("spin ", kmp_get_blocktime(), " ms");
#else
  const char* count = std::getenv(spin_variable);
  if (!count) return text("long spin (", spin_variable, "=", spin_count, " slows other programs less)");
  return text("spin count ", count, std::getenv(restarted) ? "" : " (set by the user)");
#endif
}

}  // namespace

int threads() { return omp_get_max_threads(); }

void set_threads(int count) {
  GRADUS_CHECK(count >= 1, "set_threads: ", count, " threads, needs at least 1");
  omp_set_num_threads(count);
}

std::string runtime_banner() {
  return text("gradus: ", sizeof(Real) == 4 ? "float" : "double", ", ", threads(),
              threads() == 1 ? " thread, " : " threads, ", 8 * vector_bytes, "-bit vectors, ", blas_words(),
              ", ", wait_words());
}

void start_runtime([[maybe_unused]] char** argv) {
  if (std::getenv("OMP_WAIT_POLICY")) return;
#if defined(KMP_VERSION_MAJOR)
  if (!std::getenv("KMP_BLOCKTIME")) kmp_set_blocktime(1);
#elif defined(__linux__)
  // AT_BASE is 0 when the loader was started as the command: then /proc/self/exe is not this program.
  if (!argv || std::getenv(spin_variable) || std::getenv(restarted) || getauxval(AT_BASE) == 0) return;
  setenv(spin_variable, spin_count, 1);
  setenv(restarted, "1", 1);
  execv("/proc/self/exe", argv);
  unsetenv(spin_variable);  // execv has failed; the banner reports the setting in use
  unsetenv(restarted);
#endif
}

}  // namespace gradus
