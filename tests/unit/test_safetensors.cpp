#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <span>
#include <sstream>

#include "gradus/base/check.hpp"
#include "gradus/io/checkpoint.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

const std::string type = sizeof(Real) == 4 ? "F32" : "F64";

/// A file in the documented format: length, header, the values 1, 2, 3 ...
std::string crafted(const std::string& header, int values) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  bytes += header;
  for (int i = 1; i <= values; ++i) {
    const Real value = static_cast<Real>(i);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

TensorFile parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "some.safetensors");
}

/// An entry of a header: name, shape and position, in units of one number.
std::string entry(const std::string& name, const std::string& shape, int begin, int end) {
  const int width = sizeof(Real);
  return text('"', name, "\":{\"dtype\":\"", type, "\",\"shape\":", shape, ",\"data_offsets\":[",
              begin * width, ',', end * width, "]}");
}

/// A file with one tensor "odd" of another dtype followed by a valid tensor "fine", [1] = 9.
template <class Stored>
TensorFile with_odd(const std::string& dtype, const std::string& shape, const std::vector<Stored>& values) {
  const std::size_t end = values.size() * sizeof(Stored), whole = end + sizeof(Real);
  const std::string header =
      text("{\"odd\":{\"dtype\":\"", dtype, "\",\"shape\":", shape, ",\"data_offsets\":[0,", end,
           "]},\"fine\":{\"dtype\":\"", type, "\",\"shape\":[1],\"data_offsets\":[", end, ",", whole, "]}}");
  std::string bytes = crafted(header, 0);
  const Real nine = 9;
  bytes.append(reinterpret_cast<const char*>(values.data()), end);
  bytes.append(reinterpret_cast<const char*>(&nine), sizeof nine);
  return parse(bytes);
}

}  // namespace

TEST_CASE("safetensors: the bytes equal those of the Python package") {
  const Folder folder;
  const std::string header = text("{\"__metadata__\":{\"format\":\"pt\"},", entry("a", "[2,2]", 0, 4), ",",
                                  entry("b.weight", "[3]", 4, 7), "}");
  const std::string expected = crafted(header + std::string((8 - header.size() % 8) % 8, ' '), 7);
  const TensorFile file = parse(expected);
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.notes == Notes{{"format", "pt"}});
  CHECK(file.tensors[0].first == "a");
  CHECK(same_bits(file.tensors[0].second, Tensor::of({2, 2}, {1, 2, 3, 4})));
  CHECK(same_bits(file.tensors[1].second, Tensor::of({3}, {5, 6, 7})));
  // Read back in another order.
  write_safetensors(folder.path / "x.safetensors", {file.tensors[1], file.tensors[0]}, file.notes);
  CHECK(slurp(folder.path / "x.safetensors") == expected);
}

TEST_CASE("safetensors: variants of other writers are read as well") {
  // header order against data order, white space, a scalar, a tensor without numbers, no metadata, no padding
  const TensorFile file =
      parse(crafted("{ " + entry("last", "[2]", 1, 3) + ",\n " + entry("first", "[]", 0, 1) + ", " +
                        entry("none", "[0]", 1, 1) + "}",
                    3));
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].first == "first");
  CHECK(same_bits(file.tensors[0].second, Tensor::of({1}, {1})));
  CHECK(same_bits(file.tensors[2].second, Tensor::of({2}, {2, 3})));
  CHECK(parse(crafted("{}", 0)).tensors.empty());
}

TEST_CASE("safetensors: numpy reads the same numbers") {
  const char* python = "/usr/bin/python3";
  if (access(python, X_OK) != 0 || std::system("/usr/bin/python3 -c 'import numpy' 2> /dev/null") != 0) {
    std::cout << "SKIPPED: checkpoint: numpy reads the same numbers: no python3-numpy\n";
    return;
  }
  const Folder folder;
  Rng rng(7);
  State state;
  state.tensors = {{"w", Tensor::randn({3, 4}, rng)}, {"b", Tensor::of({2}, {Real(0.1), -1})}};
  std::uint64_t steps = 12345678901234567890u;
  state.counters = {{"steps", &steps}};
  save_checkpoint(folder.path / "n.safetensors", state);
  std::ofstream(folder.path / "check.py") << R"(
import json, struct, sys, numpy
raw = open(sys.argv[1], "rb").read()
(n,) = struct.unpack("<Q", raw[:8])
assert n % 8 == 0 and raw[8:9] == b"{", n
header = json.loads(raw[8:8 + n])
assert header.pop("__metadata__") == {"format": "gradus", "counter.steps": "12345678901234567890"}
end = 0
for name, info in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    kind = {"F32": numpy.float32, "F64": numpy.float64}[info["dtype"]]
    first, last = info["data_offsets"]
    assert first == end, (first, end)
    end = last
    x = numpy.frombuffer(raw[8 + n + first:8 + n + last], kind).reshape(info["shape"])
    print(name, x.shape, *(float(v).hex() for v in x.ravel()))
assert 8 + n + end == len(raw)
)";
  const std::string command =
      text(python, " ", (folder.path / "check.py").string(), " ", (folder.path / "n.safetensors").string(),
           " > ", (folder.path / "said").string(), " 2>&1");
  const int status = std::system(command.c_str());
  const std::string said = slurp(folder.path / "said");
  INFO(said);
  CHECK(status == 0);
  std::istringstream words(said);
  std::string word;
  words >> word;
  CHECK(word == "b");
  std::getline(words, word);
  for (const char* part : {"w", "(3,", "4)"}) {
    words >> word;
    CHECK(word == part);
  }
  for (const Real value : state.tensors[0].second.values()) {
    words >> word;
    CHECK(std::strtod(word.c_str(), nullptr) == static_cast<double>(value));
  }
}

TEST_CASE("safetensors: every malformed file gives its error message") {
  const auto said = [](const std::string& bytes) { return message([&] { parse(bytes); }); };
  const std::string a = entry("a", "[2]", 0, 2);
  struct Trial {
    std::string bytes, words;
  };
  const std::vector<Trial> trials = {
      {"", "too short"},
      {"1234567", "too short"},
      {std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + "{}", "above the limit"},
      {std::string("\x09\0\0\0\0\0\0\0", 8) + "{}", "only 2 bytes follow"},
      {crafted("", 0), "does not begin with '{'"},
      {crafted(" {}", 0), "does not begin with '{'"},
      {crafted("[]", 0), "does not begin with '{'"},
      {crafted("{\"a\":", 0), "invalid JSON"},
      {crafted("{\"a\xff\":1}", 0), "invalid JSON"},
      {crafted("{" + a + "," + a + "}", 2), "\"a\" occurs twice"},
      {crafted("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0), "\"dtype\" occurs twice"},
      {crafted("{\"a\":[[[[[[[[1]]]]]]]]}", 0), "nested deeper"},
      {crafted("{\"a\":3}", 0), "tensor \"a\": not an object {...}"},
      {crafted("{\"a\":{}}", 0), "dtype is missing"},
      {crafted("{\"a\":{\"dtype\":4}}", 0), "dtype is missing"},
      {crafted("{\"a\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8 / sizeof(Real)),
       "does not fit its"},
      {crafted("{\"a\":{\"dtype\":\"" + type + "\",\"data_offsets\":[0,8]}}", 2), "shape is missing"},
      {crafted("{\"a\":{\"dtype\":\"" + type + "\",\"shape\":2,\"data_offsets\":[0,8]}}", 2),
       "shape is not a list"},
      {crafted("{" + entry("a", "[-2]", 0, 2) + "}", 2), "shape must hold only whole numbers"},
      {crafted("{" + entry("a", "[2.0]", 0, 2) + "}", 2), "shape must hold only whole numbers"},
      {crafted("{" + entry("a", "[18446744073709551616]", 0, 2) + "}", 2),
       "shape must hold only whole numbers"},
      {crafted("{" + entry("a", "[18446744073709551615]", 0, 2) + "}", 2), "too large"},
      {crafted("{" + entry("a", "[281474976710655,281474976710655]", 0, 2) + "}", 2), "overflows"},
      {crafted("{" + entry("a", "[1e999]", 0, 2) + "}", 2), "out of range"},
      {crafted("{" + entry("a", "[1,1,1,1,3]", 0, 2) + "}", 2), "does not fit its"},
      {crafted("{" + a + "}" + std::string("\0", 1), 2), "invalid JSON at byte"},
      {crafted("{" + a + "}" + std::string("\0more", 5), 2), "invalid JSON at byte"},
      {crafted("{" + a + "} {}", 2), "invalid JSON at byte"},
      {crafted("{" + entry("a", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", 0, 2) + "}", 2), "more than 16"},
      {crafted("{" + entry("a", "[3]", 0, 2) + "}", 2), "does not fit its"},
      {crafted("{" + entry("a", "[281474976710655]", 0, 2) + "}", 2), "does not fit its"},
      {crafted("{" + entry("a", "[2]", 0, 3) + "}", 2), "not within"},
      {crafted("{" + entry("a", "[0]", 2, 1) + "}", 2), "not within"},
      {crafted("{\"a\":{\"dtype\":\"" + type + "\",\"shape\":[2],\"data_offsets\":[0]}}", 2),
       "has 1 numbers"},
      {crafted("{" + a + "}", 3), "end at byte"},
      {crafted("{" + entry("a", "[1]", 1, 2) + "}", 2), "after a gap"},
      {crafted("{" + a + "," + entry("b", "[2]", 1, 3) + "}", 3), "overlapping"},
      {crafted("{" + a + "," + entry("b", "[1]", 3, 4) + "}", 4), "after a gap"},
      {crafted("{\"__metadata__\":[]}", 0), "__metadata__ is not an object"},
      {crafted("{\"__metadata__\":{\"k\":1}}", 0), "\"k\" is not a string"},
  };
  for (const Trial& trial : trials) {
    const std::string words = said(trial.bytes);
    INFO(words, " / expected: ", trial.words);
    CHECK(contains(words, trial.words));
    CHECK(contains(words, "some.safetensors"));
  }
}

TEST_CASE("safetensors: other number types are converted") {
  const auto check = [](const TensorFile& file, const std::string& dtype, const std::vector<Real>& values) {
    INFO(dtype);
    REQUIRE(file.tensors.size() == 2);
    CHECK(file.refused.empty());
    CHECK(numbers(file.tensors[0].second) == values);
    CHECK(file.converted == (dtype == type ? std::map<std::string, std::string>{}
                                           : std::map<std::string, std::string>{{"odd", dtype}}));
  };
  const Real infinity = std::numeric_limits<Real>::infinity();
  // 1, -2, 65504 (the largest), 2^-24 (the smallest), infinity, -0.333251953125
  check(with_odd<std::uint16_t>("F16", "[6]", {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0xb555}), "F16",
        {1, -2, 65504, std::ldexp(Real(1), -24), infinity, Real(-0.333251953125)});
  check(with_odd<std::uint16_t>("BF16", "[3]", {0x3f80, 0xc040, 0xff80}), "BF16", {1, -3, -infinity});
  check(with_odd<float>("F32", "[2]", {1.5f, 3e38f}), "F32", {1.5f, 3e38f});
  check(with_odd<double>("F64", "[2]", {0.1, -1e30}), "F64", {Real(0.1), Real(-1e30)});
  check(with_odd<std::int8_t>("I8", "[2]", {-128, 127}), "I8", {-128, 127});
  check(with_odd<std::uint8_t>("U8", "[1,2]", {0, 255}), "U8", {0, 255});
  check(with_odd<std::int16_t>("I16", "[1]", {-32768}), "I16", {-32768});
  check(with_odd<std::uint16_t>("U16", "[1]", {65535}), "U16", {65535});
  check(with_odd<std::int32_t>("I32", "[2]", {1 << 24, -(1 << 24)}), "I32", {16777216, -16777216});
  check(with_odd<std::uint32_t>("U32", "[1]", {7}), "U32", {7});
  check(with_odd<std::int64_t>("I64", "[]", {-12345}), "I64", {-12345});
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  check(with_odd<std::int64_t>("I64", "[4]", {1 << 25, -(std::int64_t{1} << 60), lowest, 3 << 24}), "I64",
        {33554432, -std::ldexp(Real(1), 60), -std::ldexp(Real(1), 63), 50331648});
  check(with_odd<std::uint64_t>("U64", "[3]", {12345, std::uint64_t{1} << 63, 0}), "U64",
        {12345, std::ldexp(Real(1), 63), 0});
  check(with_odd<std::uint8_t>("BOOL", "[3]", {1, 0, 1}), "BOOL", {1, 0, 1});
  const TensorFile nan = with_odd<std::uint16_t>("F16", "[1]", {0x7e00});
  CHECK(std::isnan(nan.tensors[0].second[0]));
}

TEST_CASE("safetensors: a tensor that cannot be represented is refused individually") {
  const auto check = [](const TensorFile& file, const std::string& words) {
    REQUIRE(file.tensors.size() == 1);
    CHECK(same_bits(file.tensors[0].second, Tensor::of({1}, {9})));
    REQUIRE(file.refused.contains("odd"));
    CHECK(contains(file.refused.at("odd"), words));
    State state;
    state.tensors = {{"odd", Tensor::zeros({1})}, {"fine", Tensor::zeros({1})}};
    CHECK(contains(message([&] { load_checkpoint(file, state); }), {"some.safetensors", "\"odd\"", words}));
  };
  check(with_odd<std::uint8_t>("F8_E4M3", "[2]", {1, 2}), "dtype F8_E4M3 is not supported");
  check(with_odd<std::uint8_t>("F4", "[4]", {1, 2}), "unknown dtype \"F4\"");
  check(with_odd<float>("F32", "[1,1,1,1,2]", {1, 2}), "shape of 5 sizes");
  check(with_odd<std::uint8_t>("BOOL", "[3]", {1, 0, 2}), "element 2 of type BOOL is neither 0 nor 1");
  check(with_odd<std::int64_t>("I64", "[2]", {0, (std::int64_t{1} << 60) + 1}),
        "element 1 is 1152921504606846977, which");
  check(with_odd<std::uint64_t>("U64", "[1]", {~std::uint64_t{0}}),
        "element 0 is 18446744073709551615, which");
  if (sizeof(Real) == 4) {
    check(with_odd<double>("F64", "[1]", {1e300}), "element 0 is 1e+300, beyond the range of F32");
    check(with_odd<std::int32_t>("I32", "[1]", {-(1 << 24) - 1}), "element 0 is -16777217, which F32 rounds");
    check(with_odd<std::int64_t>("I64", "[2]", {1 << 25, (1 << 25) + 2}),
          "element 1 is 33554434, which F32 rounds");
  }
}

TEST_CASE("safetensors: __metadata__ may be null") {
  CHECK(parse(crafted("{\"__metadata__\":null}", 0)).notes.empty());
}

TEST_CASE("load_tensors: loads the tensors common to file and state, and reports the others") {
  const TensorFile file = with_odd<std::uint16_t>("F16", "[2]", {0x3c00, 0xc000});
  State state;
  state.tensors = {{"odd", Tensor::zeros({2})}, {"new", Tensor::full({3}, 4)}};
  const LoadReport report = load_tensors(file, state);
  CHECK(report.loaded == std::vector<std::string>{"odd"});
  CHECK(report.missing == std::vector<std::string>{"new"});
  CHECK(report.surplus == std::vector<std::string>{"fine"});
  CHECK(same_bits(state.tensors[0].second, Tensor::of({2}, {1, -2})));
  CHECK(same_bits(state.tensors[1].second, Tensor::full({3}, 4)));

  State part;  // with a prefix, other names are ignored
  part.tensors = {{"d", Tensor::zeros({2})}, {"e", Tensor::zeros({1})}};
  const LoadReport below = load_tensors(file, part, "od");
  CHECK(below.loaded == std::vector<std::string>{"d"});
  CHECK(below.missing == std::vector<std::string>{"e"});
  CHECK(below.surplus.empty());

  State other;
  other.tensors = {{"fine", Tensor::zeros({1})}, {"odd", Tensor::zeros({1, 2})}};
  CHECK(contains(message([&] { load_tensors(file, other); }),
                 {"some.safetensors", "\"odd\" is [2] in the file, expected [1, 2]"}));
  CHECK(same_bits(other.tensors[0].second, Tensor::zeros({1})));  // nothing is written
}

TEST_CASE("safetensors: damaged files give an error or tensors") {
  const std::string sound = crafted("{\"__metadata__\":{\"format\":\"pt\"}," + entry("a", "[2,3]", 0, 6) +
                                        "," + entry("b", "[4]", 6, 10) + "}",
                                    10);
  Rng rng(11);
  int errors = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = sound;
    const std::uint64_t changes = 1 + rng.below(3);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::size_t place = rng.below(bytes.size());
      switch (rng.below(4)) {
        case 0:
          bytes[place] = static_cast<char>(rng.below(256));
          break;
        case 1:
          bytes[place] = "0123456789,:[]{}\""[rng.below(17)];
          break;
        case 2:
          bytes.erase(place, 1 + rng.below(4));
          break;
        default:
          bytes.insert(place, 1, bytes[rng.below(bytes.size())]);
      }
      if (bytes.empty()) bytes = "x";
    }
    errors += message([&] { parse(bytes); }) != "";
  }
  CHECK(errors > 10000);
  CHECK(errors < 20000);  // a change in the numbers or in a name is not an error
}
