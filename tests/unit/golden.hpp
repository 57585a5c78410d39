#pragma once
// Golden values: files of tests/golden, and the comparison with them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/tensor/tensor.hpp"
#include "helpers.hpp"

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
/// or to `least` where it is smaller (see `chains` for builds with a sanitizer).
inline void check_close(const std::string& what, const gradus::Tensor& x, const nlohmann::json& expected,
                        double least = 0.1) {
  CAPTURE(what);
  REQUIRE(x.shape() == shape_of(expected["shape"]));
  for (gradus::Index i = 0; i < x.size(); ++i) {
    const double e = expected["data"][static_cast<std::size_t>(i)];
    if (!(std::abs(x[i] - e) <= chains * 1e-5 * std::max(std::abs(e), least)))
      FAIL_CHECK(what << ", element " << i << ": " << x[i] << ", PyTorch has " << e);
  }
}

using Parameters = std::vector<std::unique_ptr<gradus::Parameter>>;

inline Parameters parameters_from(const nlohmann::json& list) {
  Parameters parameters;
  for (const nlohmann::json& packed : list)
    parameters.push_back(std::make_unique<gradus::Parameter>(tensor(packed)));
  return parameters;
}

using Inputs = std::vector<gradus::Var>;
/// An op as a function of its inputs, followed by constants, and of its case in the file.
using Function = std::function<gradus::Var(const Inputs&, const nlohmann::json&)>;
using Ops = std::map<std::string, Function>;  ///< by the names that the files of tests/golden use

/// Calls `compare(case, op and tensor, computed, t, expected)` for the output of every case, t = 0, and for
/// the gradient of every input, t = 1 for the first. Every op must occur in the cases.
template <class Compare>
void check_cases(const nlohmann::json& cases, const Ops& ops, const Compare& compare) {
  std::set<std::string> seen;
  for (const nlohmann::json& c : cases) {
    const std::string name = c["op"];
    CAPTURE(name);
    REQUIRE(ops.count(name) == 1);
    seen.insert(name);
    const Parameters parameters = parameters_from(c["inputs"]);
    gradus::Tape tape;
    Inputs inputs;
    for (const auto& parameter : parameters) inputs.emplace_back(*parameter);
    for (const nlohmann::json& constant : c["constants"]) inputs.emplace_back(tensor(constant));
    const gradus::Var y = ops.at(name)(inputs, c);
    compare(c, name, y.value(), std::size_t{0}, c["output"]);
    tape.backward(gradus::sum(y * gradus::Var(tensor(c["dy"]))));
    for (std::size_t i = 0; i < parameters.size(); ++i)
      compare(c, name + ", gradient " + std::to_string(i), parameters[i]->grad, i + 1, c["grads"][i]);
  }
  CHECK(seen.size() == ops.size());
}
