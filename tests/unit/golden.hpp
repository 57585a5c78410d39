#pragma once
// Golden values: files of tests/golden, and the comparison with them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.hpp"

#ifdef GRADUS_SOURCE_DIR
inline const std::filesystem::path source_dir = GRADUS_SOURCE_DIR;
#else
inline const std::filesystem::path source_dir = std::filesystem::path(__FILE__).parent_path() / ".." / "..";
#endif

/// A file of tests/golden.
inline nlohmann::json read_golden(const char* name) {
  std::ifstream file(source_dir / "tests" / "golden" / name);
  return nlohmann::json::parse(file);
}
inline gradus::Shape shape_of(const nlohmann::json& sizes) {
  return gradus::Shape(sizes.get<std::vector<gradus::Index>>());
}

/// The tensor that `packed` of make_golden.py has written.
inline gradus::Tensor tensor(const nlohmann::json& packed) {
  return gradus::Tensor::of(shape_of(packed["shape"]), packed["data"].get<std::vector<gradus::Real>>());
}

/// The shapes agree, and every number agrees to 1e-5 relative to its magnitude,
/// or to `least` where it is smaller.
inline void check_close(const std::string& what, const gradus::Tensor& x, const nlohmann::json& expected,
                        double least = 0.1) {
  CAPTURE(what);
  REQUIRE(x.shape() == shape_of(expected["shape"]));
  for (gradus::Index i = 0; i < x.size(); ++i) {
    const double e = expected["data"][static_cast<std::size_t>(i)];
    if (!(std::abs(x[i] - e) <= 1e-5 * std::max(std::abs(e), least)))
      FAIL_CHECK(what << ", element " << i << ": " << x[i] << ", PyTorch has " << e);
  }
}
