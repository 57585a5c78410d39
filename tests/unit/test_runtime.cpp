#include <doctest/doctest.h>

#include <omp.h>

#include <cstdlib>
#include <string>

#include "gradus/base/blas_library.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/runtime.hpp"

using namespace gradus;

TEST_CASE("set_threads decides how many threads a parallel loop has") {
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
    CHECK(!std::getenv("OPENBLAS_CORETYPE"));  // the repair leaves no trace in the environment
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq"))
      CHECK(blas.kernel != "Haswell");
  }
#endif
}

TEST_CASE("loading the BLAS library leaves the number of threads alone") {
  const int before = threads();
  set_threads(2);
  blas_library();
  CHECK(threads() == 2);
  set_threads(before);
}

TEST_CASE("the banner says what is in force") {
  const std::string banner = runtime_banner();
  const auto says = [&](const std::string& words) { return banner.find(words) != std::string::npos; };
  CAPTURE(banner);
  CHECK(says(sizeof(Real) == 4 ? "float" : "double"));
  CHECK(says(std::to_string(threads()) + " thread"));
  CHECK(says(std::to_string(8 * vector_bytes) + "-bit"));
  CHECK(says(blas_library().kernel));
  CHECK(banner.find('\n') == std::string::npos);
}
