#include <doctest/doctest.h>

#include <omp.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "gradus/base/blas_library.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/runtime.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/tensor/tensor.hpp"
#include "helpers.hpp"

using namespace gradus;

TEST_CASE("set_threads sets the number of threads of parallel loops") {
  const int before = threads();
  for (int count : {1, 2, 3}) {
    set_threads(count);
    CHECK(threads() == count);
    int seen = 0;
#pragma omp parallel
#pragma omp single
    seen = omp_get_num_threads();
    CHECK(seen == count);
  }
  CHECK_THROWS_AS(set_threads(0), Error);
  CHECK(threads() == 3);
  set_threads(before);
}

TEST_CASE("the BLAS library is found, and its kernel suits the processor") {
  const BlasLibrary& blas = blas_library();
  REQUIRE(blas.handle);
  CHECK(&blas == &blas_library());
  CHECK(blas_symbol("cblas_sgemm"));
  CHECK(!blas_symbol("no_such_function"));
  CHECK(blas.refused != blas.kernel);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && !std::getenv("OPENBLAS_CORETYPE")) {
    CHECK(blas.kernel != "Prescott");
    CHECK(!std::getenv("OPENBLAS_CORETYPE"));  // the correction does not change the environment
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq"))
      CHECK(blas.kernel != "Haswell");
  }
#endif
}

TEST_CASE("a large product and its eigenvalues") {
  constexpr Index n = 520;  // large enough for OpenBLAS
  Rng rng(1);
  const Tensor a = Tensor::randn({n, n}, rng);
  Tensor c({n, n});
  gemm(Transpose::no, Transpose::yes, n, n, n, a.data(), n, a.data(), n, c.data(), n);
  double trace = 0, squares = 0, sum = 0;
  for (const Real x : a.values()) squares += double{x} * double{x};
  for (Index i = 0; i < n; ++i) trace += double{c[i * n + i]};
  CHECK(trace == doctest::Approx(squares).epsilon(1e-4));
  std::vector<double> matrix(c.values().begin(), c.values().end()), values(n);
  if (blas_library().no_room) {
    CHECK_THROWS_WITH_AS(symmetric_eigen(matrix, values, n), doctest::Contains("ulimit -v"), Error);
    CHECK(runtime_banner().find("ulimit -v") != std::string::npos);
    return;
  }
  symmetric_eigen(matrix, values, n);
  for (const double value : values) sum += value;
  CHECK(sum == doctest::Approx(trace).epsilon(1e-4));
}

#ifdef __linux__
TEST_CASE("limits on threads and memory do not make a product wait for ever") {
  if (!starts_itself()) {
    std::cout << "SKIPPED: runtime: limits on threads and memory: this program cannot start itself\n";
    return;
  }
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string rest =
      " timeout 300 '" + self + "' -tc='a large product and its eigenvalues' > /dev/null";
  CHECK(std::system(("OMP_THREAD_LIMIT=1 OMP_NUM_THREADS=2" + rest).c_str()) == 0);
  CHECK(std::system(("OMP_DYNAMIC=true OMP_NUM_THREADS=2" + rest).c_str()) == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
  for (const char* kilobytes : {"200000", "300000", "500000", "900000"}) {  // sanitizers need terabytes
    CAPTURE(kilobytes);
    CHECK(std::system((text("ulimit -v ", kilobytes, ";") + rest).c_str()) == 0);
  }
#endif
}
#endif

TEST_CASE("failed memory allocation is reported") {
  try {
    Tensor({Index{1} << 50});
    FAIL("it was there");
  } catch (const std::bad_alloc& error) {
    CHECK(std::string(error.what()).find("out of memory: a tensor needs ") == 0);
  }
}

TEST_CASE("loading the BLAS library does not change the number of threads") {
  const int before = threads();
  set_threads(2);
  blas_library();
  CHECK(threads() == 2);
  set_threads(before);
}

TEST_CASE("the banner reports the settings in effect") {
  const std::string banner = runtime_banner();
  const auto says = [&](const std::string& words) { return banner.find(words) != std::string::npos; };
  CAPTURE(banner);
  CHECK(says(sizeof(Real) == 4 ? "float" : "double"));
  CHECK(says(std::to_string(threads()) + " thread"));
  CHECK(says(std::to_string(8 * vector_bytes) + "-bit"));
  CHECK(says(blas_library().kernel));
  CHECK(banner.find('\n') == std::string::npos);
}
