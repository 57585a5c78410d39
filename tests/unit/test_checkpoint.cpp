#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

const std::string type = sizeof(Real) == 4 ? "F32" : "F64";

/// A file as the format describes it: length, header, the values 1, 2, 3 ...
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

/// An entry of a header: name, shape and place, in units of one number.
std::string entry(const std::string& name, const std::string& shape, int begin, int end) {
  const int width = sizeof(Real);
  return text('"', name, "\":{\"dtype\":\"", type, "\",\"shape\":", shape, ",\"data_offsets\":[",
              begin * width, ',', end * width, "]}");
}

}  // namespace

TEST_CASE("checkpoint: tensors, notes and counters come back as they were") {
  const Folder folder;
  Rng rng(3);
  rng.normal();
  std::uint64_t steps = 18446744073709551615u;
  const Tensor w = Tensor::randn({3, 5}, rng), b = Tensor::randn({2, 1, 3, 7}, rng),
               none = Tensor::zeros({0, 4});
  State state;
  state.tensors = {{"z.w", w}, {"a.b", b}, {"m.none", none}};
  state.counters = {{"adam.steps", &steps}};
  state.add("rng", rng);
  const Rng before = rng;
  save_checkpoint(folder.path / "deep" / "one.safetensors", state, {{"preset", "quick \"ä\""}});

  const Tensor w_before = w.clone(), b_before = b.clone();
  Tensor(w).fill(0);
  Tensor(b).fill(0);
  steps = 0;
  rng = Rng(99, 5);
  load_checkpoint(folder.path / "deep" / "one.safetensors", state);
  CHECK(same_bits(w, w_before));
  CHECK(same_bits(b, b_before));
  CHECK(steps == 18446744073709551615u);
  CHECK(rng.seed() == before.seed());
  CHECK(rng.position() == before.position());
  CHECK(rng.stream() == before.stream());
  const TensorFile file = read_safetensors(folder.path / "deep" / "one.safetensors");
  CHECK(file.notes.at("preset") == "quick \"ä\"");
  CHECK(file.notes.at("format") == "gradus");
  CHECK(std::distance(fs::directory_iterator(folder.path / "deep"), {}) == 1);  // no temporary file is left
}

TEST_CASE("checkpoint: the bytes are those of the Python package") {
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
  // and back, from another order
  write_safetensors(folder.path / "x.safetensors", {file.tensors[1], file.tensors[0]}, file.notes);
  CHECK(slurp(folder.path / "x.safetensors") == expected);
}

TEST_CASE("checkpoint: what other writers do differently is read too") {
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

TEST_CASE("checkpoint: numpy reads the same numbers") {
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

TEST_CASE("checkpoint: every malformed file has its message") {
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
      {crafted("{\"a\":", 0), "no JSON"},
      {crafted("{\"a\xff\":1}", 0), "no JSON"},
      {crafted("{" + a + "," + a + "}", 2), "\"a\" is there twice"},
      {crafted("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0), "\"dtype\" is there twice"},
      {crafted("{\"a\":[[[[[[[[1]]]]]]]]}", 0), "nested deeper"},
      {crafted("{\"a\":3}", 0), "tensor \"a\": no {...}"},
      {crafted("{\"a\":{}}", 0), "dtype is missing"},
      {crafted("{\"a\":{\"dtype\":4}}", 0), "dtype is missing"},
      {crafted("{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 2),
       "unknown dtype \"F31\""},
      {crafted("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8 / sizeof(Real)),
       "dtype I64, this build reads " + type},
      {crafted("{\"a\":{\"dtype\":\"" + type + "\",\"data_offsets\":[0,8]}}", 2), "shape is missing"},
      {crafted("{\"a\":{\"dtype\":\"" + type + "\",\"shape\":2,\"data_offsets\":[0,8]}}", 2),
       "shape is no list"},
      {crafted("{" + entry("a", "[-2]", 0, 2) + "}", 2), "shape holds something else"},
      {crafted("{" + entry("a", "[2.0]", 0, 2) + "}", 2), "shape holds something else"},
      {crafted("{" + entry("a", "[18446744073709551616]", 0, 2) + "}", 2), "shape holds something else"},
      {crafted("{" + entry("a", "[18446744073709551615]", 0, 2) + "}", 2), "too large"},
      {crafted("{" + entry("a", "[281474976710655,281474976710655]", 0, 2) + "}", 2), "overflows"},
      {crafted("{" + entry("a", "[1e999]", 0, 2) + "}", 2), "out of range"},
      {crafted("{" + entry("a", "[1,1,1,1,2]", 0, 2) + "}", 2), "shape of 5 sizes"},
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
      {crafted("{\"__metadata__\":[]}", 0), "__metadata__ is no {...}"},
      {crafted("{\"__metadata__\":{\"k\":1}}", 0), "\"k\" is no text"},
  };
  for (const Trial& trial : trials) {
    const std::string words = said(trial.bytes);
    INFO(words, " / expected: ", trial.words);
    CHECK(contains(words, trial.words));
    CHECK(contains(words, "some.safetensors"));
  }
}

TEST_CASE("checkpoint: damaged files give an error or tensors, nothing else") {
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
  CHECK(errors < 20000);  // a change in the numbers or in a name is no error
}

TEST_CASE("checkpoint: another network's file is refused and nothing is written") {
  const Folder folder;
  const fs::path path = folder.path / "net.safetensors";
  std::uint64_t steps = 4;
  State made;
  made.tensors = {{"w", Tensor::full({2, 3}, 1)}, {"b", Tensor::full({3}, 1)}, {"old", Tensor::full({1}, 1)}};
  made.counters = {{"steps", &steps}};
  save_checkpoint(path, made);

  std::uint64_t other_steps = 0;
  const auto refused = [&](std::vector<std::pair<std::string, Tensor>> tensors, bool counters) {
    State state;
    state.tensors = std::move(tensors);
    if (counters) state.counters = {{"steps", &other_steps}};
    const std::string words = message([&] { load_checkpoint(path, state); });
    for (const auto& [name, tensor] : state.tensors)
      for (const Real value : tensor.values()) CHECK(value == 0);
    CHECK(other_steps == 0);
    CHECK(contains(words, path.string()));
    return words;
  };
  const Tensor w = Tensor::zeros({2, 3}), b = Tensor::zeros({3}), old = Tensor::zeros({1});
  const std::string names = refused({{"w", w}, {"b", b}, {"young", old}}, true);
  CHECK(contains(names, "missing tensors young"));
  CHECK(contains(names, "unexpected tensors old"));
  CHECK(contains(refused({{"w", w}, {"b", b}, {"old", old}}, false), "unexpected counters steps"));
  CHECK(contains(refused({{"w", w}, {"b", Tensor::zeros({1, 3})}, {"old", old}}, true),
                 "tensor \"b\" is [3] in the file, expected [1, 3]"));
  for (const std::string number : {"", "-1", "1x", "18446744073709551616", " 1"}) {
    write_safetensors(path, made.tensors, {{"counter.steps", number}});
    CHECK(contains(refused({{"w", w}, {"b", b}, {"old", old}}, true), "counter steps"));
  }
}

TEST_CASE("checkpoint: what cannot be saved says why") {
  const Folder folder;
  const Tensor one = Tensor::zeros({1});
  const auto saving = [&](const fs::path& path, std::vector<std::pair<std::string, Tensor>> tensors) {
    return message([&] { write_safetensors(path, tensors); });
  };
  CHECK(contains(saving(folder.path / "x", {{"a", Tensor()}}), "\"a\" is empty"));
  CHECK(contains(saving(folder.path / "x", {{"a", one}, {"a", one}}), "\"a\": the name is taken"));
  CHECK(contains(saving(folder.path / "x", {{"__metadata__", one}}), "the name is taken"));
  CHECK(contains(saving(folder.path / "x", {{"\xff", one}}), "UTF-8"));
  CHECK(contains(saving(folder.path / "none" / "x", {{"a", one}}), "cannot be written"));
  CHECK(contains(saving(folder.path, {{"a", one}}), "cannot be"));
  CHECK(fs::is_empty(folder.path));
  CHECK(contains(message([&] { read_safetensors(folder.path / "x"); }), "no such file"));
  CHECK(contains(message([&] { read_safetensors(folder.path); }), "is a folder"));
}

TEST_CASE("checkpoint: kill -9 in the middle of a save leaves a complete file") {
  const Folder folder;
  const fs::path path = folder.path / "state.safetensors";
  std::uint64_t count = 0;
  State state;  // large enough that most of the time is spent in saving
  for (const char* name : {"a", "b", "c"}) state.tensors.emplace_back(name, Tensor::zeros({250000}));
  state.counters = {{"count", &count}};
  save_checkpoint(path, state);
  Rng rng(5);
  int left_over = 0;
  for (int round = 0; round < 25; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {  // no parallel loops here: the other threads did not come along
      try {
        for (;;) {
          ++count;
          for (auto& [name, tensor] : state.tensors)
            std::fill(tensor.values().begin(), tensor.values().end(), static_cast<Real>(count));
          save_checkpoint(path, state);
        }
      } catch (...) {
      }
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(2000 + rng.below(30000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    const std::uint64_t before = count;
    load_checkpoint(path, state);
    CHECK(count >= before);
    for (const auto& [name, tensor] : state.tensors)
      CHECK(std::all_of(tensor.values().begin(), tensor.values().end(),
                        [&](Real value) { return value == static_cast<Real>(count); }));
    for (const auto& file : fs::directory_iterator(folder.path))
      if (file.path() != path) {
        ++left_over;
        fs::remove(file.path());
      }
  }
  CHECK(count > 0);
  CHECK(left_over > 0);  // otherwise no save was ever hit
}

namespace {

struct Net : Module {
  Linear hidden{*this, "hidden", 6, 16};
  Dropout drop{*this, "drop", Real(0.3)};
  Linear out{*this, "out", 16, 3};
  using Module::Module;
  Var operator()(const Var& x) { return out(drop(relu(hidden(x)))); }
};

/// A training with everything that has a memory.
struct Training {
  Rng rng;
  Net net;
  Adam adam;
  std::optional<Loader> loader;
  std::uint64_t epoch = 0, position = 0;

  explicit Training(std::uint64_t seed) : rng(seed), net(rng), adam(net.parameters(), {.lr = Real(0.01)}) {}

  State state() {
    State all;
    all.add("net", net.state());
    all.add("adam", adam.state());
    all.add("rng", rng);
    all.add("noise", net.drop.noise);
    all.counters.emplace_back("loader.epoch", &epoch);
    all.counters.emplace_back("loader.position", &position);
    return all;
  }
  /// After loading: the order of the batches hangs on the generator's seed.
  void make_loader() {
    Rng data_rng(1);
    Dataset data{"points", Tensor::randn({50, 6}, data_rng), {}, 0, {}};
    for (int i = 0; i < 50; ++i) data.labels.push_back(i % 3);
    data.classes = 3;
    loader.emplace(data, LoaderOptions{.batch = 8, .shuffle = true}, rng);
    loader->seek(static_cast<Index>(epoch), static_cast<Index>(position));
  }
  void step() {
    const Batch& batch = loader->next();
    Tape tape;
    const Var x(batch.images);
    Var loss = mean(cross_entropy(net(x), batch.labels));
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
    epoch = static_cast<std::uint64_t>(loader->epoch());
    position = static_cast<std::uint64_t>(loader->position());
  }
};

}  // namespace

TEST_CASE("checkpoint: a resumed training has the bits of an uninterrupted one") {
  const Folder folder;
  constexpr int steps = 14, stop = 10;  // two epochs of seven batches, stopped within the second
  Training whole(21);
  whole.make_loader();
  for (int i = 0; i < steps; ++i) whole.step();
  {
    Training first(21);
    first.make_loader();
    for (int i = 0; i < stop; ++i) first.step();
    save_checkpoint(folder.path / "half.safetensors", first.state());
  }
  Training second(77);
  load_checkpoint(folder.path / "half.safetensors", second.state());
  second.make_loader();
  CHECK(second.loader->epoch() == 1);
  CHECK(second.loader->position() == 3);
  for (int i = stop; i < steps; ++i) second.step();
  const State a = whole.state(), b = second.state();
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    INFO(a.tensors[i].first);
    CHECK(same_bits(a.tensors[i].second, b.tensors[i].second));
  }
  for (std::size_t i = 0; i < a.counters.size(); ++i) CHECK(*a.counters[i].second == *b.counters[i].second);
}
