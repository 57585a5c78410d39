#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "support/options.hpp"

using namespace gradus;
using namespace gradus::lecture;

namespace {

const Lesson lesson{.name = "06_autoencoder",
                    .title = "Autoencoders: how small may the bottleneck be?",
                    .slide = "6.S191 L4, \"Autoencoders: background\"",
                    .look = "Left 4 and 9 melt together."};

Options parse(std::vector<const char*> words) {
  words.insert(words.begin(), "06_autoencoder");
  return parse_options(static_cast<int>(words.size()), words.data(), lesson);
}

/// The exit code and message of a command line; code -1 when it does not end the program.
EarlyExit early(const std::vector<const char*>& words) {
  try {
    parse(words);
  } catch (const EarlyExit& exit) {
    return exit;
  }
  return {-1, "went on"};
}

bool has(const EarlyExit& exit, const std::string& part) {
  return std::string(exit.what()).find(part) != std::string::npos;
}

/// Sets or removes an environment variable for its lifetime.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("options: omitted options have defaults") {
  const Environment data("GRADUS_DATASETS", nullptr);
  const Options options = parse({});
  CHECK(options.preset == Preset::quick);
  CHECK(options.seed == 1);
  CHECK(options.threads == 0);
  CHECK(options.out == "out/lecture4");
  CHECK(options.data == "datasets");
  CHECK(options.epochs == 0);
  CHECK(!options.resume);
}

TEST_CASE("options: every option can be set") {
  const Options options = parse({"--preset", "full", "--seed", "18446744073709551615", "--threads=2", "--out",
                                 "a b", "--data", "d", "--epochs", "7", "--resume"});
  CHECK(options.preset == Preset::full);
  CHECK(options.seed == 18446744073709551615u);
  CHECK(options.threads == 2);
  CHECK(options.out == "a b");
  CHECK(options.data == "d");
  CHECK(options.epochs == 7);
  CHECK(options.resume);
  CHECK(parse({"--preset", "tiny"}).preset == Preset::tiny);
}

TEST_CASE("options: shards are for the lessons that train by shards") {
  const auto sharded = [](std::vector<const char*> words) {
    words.insert(words.begin(), "25_dcgan");
    return parse_options(static_cast<int>(words.size()), words.data(), {.name = "25_dcgan", .shards = true});
  };
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const Environment alone(variable, nullptr);
    CHECK(sharded({}).shards == 1);
    CHECK(sharded({"--shards", "16"}).shards == 16);
    CHECK_THROWS_AS(sharded({"--shards", "0"}), EarlyExit);
    const Environment launcher(variable, "4");
    CHECK(sharded({}).shards == 8);
    CHECK(sharded({"--shards", "4"}).shards == 4);
    CHECK(has(early({}), "06_autoencoder: does not train on several processes; start it without mpirun"));
  }
  CHECK(early({"--shards", "2"}).code == 2);
  // Slurm: a step of several tasks is a launcher, whether it offers MPI or not; one task may be a shell
  const Environment one_task("SLURM_STEP_NUM_TASKS", "1"), without("PMIX_RANK", nullptr);
  CHECK(sharded({}).shards == 1);
  {
    const Environment with_mpi("PMIX_RANK", "0");
    CHECK(sharded({}).shards == 8);
  }
  const Environment tasks("SLURM_STEP_NUM_TASKS", "2");
  CHECK(sharded({}).shards == 8);
}

TEST_CASE("options: numbers with leading zeros are decimal") {
  const Options options = parse({"--seed", "010", "--epochs", "0012", "--threads", "08"});
  CHECK(options.seed == 10);
  CHECK(options.epochs == 12);
  CHECK(options.threads == 8);
  for (const char* name : {"--seed", "--epochs", "--threads"})
    for (const char* other : {"0x10", "+1", " 1", "1 ", "1'000", "0b1"})
      CHECK(early({name, other}).code == 2);
}

TEST_CASE("options: the data folder comes from the environment unless it is set") {
  const Environment data("GRADUS_DATASETS", "/some/data");
  CHECK(parse({}).data == "/some/data");
  CHECK(parse({"--data", "mine"}).data == "mine");
  const Environment empty("GRADUS_DATASETS", "");
  CHECK(parse({}).data == "datasets");
}

TEST_CASE("options: a wrong command line ends with code 2 and names the fault") {
  struct Trial {
    std::vector<const char*> words;
    const char* named;
  };
  const std::vector<Trial> trials = {
      {{"--preset", "slow"}, "--preset"},
      {{"--preset"}, "--preset"},
      {{"--seed", "-1"}, "--seed"},
      {{"--seed", "x"}, "--seed"},
      {{"--seed", "1.5"}, "--seed"},
      {{"--seed", "18446744073709551616"}, "--seed"},
      {{"--threads", "0"}, "--threads"},
      {{"--threads", "1025"}, "--threads"},
      {{"--threads", "two"}, "--threads"},
      {{"--epochs", "0"}, "--epochs"},
      {{"--epochs", "-3"}, "--epochs"},
      {{"--epochs", "2.5"}, "--epochs"},
      {{"--epochs", "1e3"}, "--epochs"},
      {{"--resume=maybe"}, "--resume"},
      {{"--speed", "9"}, "--speed"},
      {{"stray"}, "stray"},
      {{"--out", ""}, "--out"},
  };
  for (const Trial& trial : trials) {
    const EarlyExit exit = early(trial.words);
    INFO(std::string(trial.words.back()), ": ", std::string(exit.what()));
    CHECK(exit.code == 2);
    CHECK(has(exit, trial.named));
    CHECK(has(exit, "06_autoencoder: "));
  }
}

TEST_CASE("options: --help describes the program and every option") {
  const EarlyExit exit = early({"--help"});
  CHECK(exit.code == 0);
  for (const char* part :
       {"how small may the bottleneck be?", "Autoencoders: background", "melt together", "--preset",
        "quick or full", "--seed", "--threads", "--out", "--data", "--epochs", "--resume", "GRADUS_DATASETS"})
    CHECK_MESSAGE(has(exit, part), part);
}
