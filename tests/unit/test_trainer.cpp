#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/nn/ema.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "gradus/optim/schedule.hpp"
#include "gradus/train/trainer.hpp"
#include "helpers.hpp"
#include "support/program.hpp"

using namespace gradus;
using namespace gradus::lecture;
namespace fs = std::filesystem;

namespace {

/// A Program made from a command line.
struct Setting {
  std::vector<std::string> words;
  std::vector<char*> argv;
  Program program;

  Setting(const fs::path& out, std::vector<std::string> more)
      : words(std::move(more)),
        argv(pointers(out)),
        program(static_cast<int>(argv.size()), argv.data(), {.name = "09_trainer", .title = "t"}) {}

 private:
  std::vector<char*> pointers(const fs::path& out) {
    words.insert(words.begin(), {"09_trainer", "--data", "/none", "--out", out.string()});
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    return all;
  }
};

struct Net : Module {
  Linear hidden{*this, "hidden", 6, 16};
  Dropout drop{*this, "drop", Real(0.3)};
  Linear out{*this, "out", 16, 6};
  using Module::Module;
  Var operator()(const Var& x) { return out(drop(relu(hidden(x)))); }
};

Dataset points(const std::string& name = "points", Index count = 50) {
  Rng rng(1);
  return {name, Tensor::randn({count, 6}, rng), {}, 0, {}};
}

/// The final state of a training run, for comparing bits.
struct Outcome {
  std::vector<Real> weights;
  std::vector<double> curve;
  std::uint64_t rng_position = 0;
  Index steps_made = 0;
  friend bool operator==(const Outcome& a, const Outcome& b) {
    return a.weights.size() == b.weights.size() &&
           std::memcmp(a.weights.data(), b.weights.data(), a.weights.size() * sizeof(Real)) == 0 &&
           a.curve == b.curve && a.rng_position == b.rng_position;
  }
};

constexpr Index epochs = 6, batches = 7;

/// Trains with everything that has state: Adam and its schedule, an average, dropout, noise, shuffling.
/// `stop` is called in every step and may end the training by an exception.
Outcome train(const fs::path& out, std::vector<std::string> words,
              const std::function<void(Index)>& stop = {}, Index wanted = epochs) {
  Setting setting(out, std::move(words));
  Program& program = setting.program;
  Net net(program.rng);
  Adam adam(net.parameters());
  Ema ema(net, Real(0.9));
  Loader loader(points(), {.batch = 8, .shuffle = true}, program.rng);
  Trainer trainer(program.session(), "net",
                  {{"model", net}, {"adam", adam}, {"ema", ema}, {"dropout", net.drop.noise}}, loader,
                  wanted);
  Outcome outcome;
  for (const Batch& batch : trainer) {
    Tape tape;
    const Tensor noise = Tensor::randn(batch.images.shape(), program.rng, 0, Real(0.1));
    Var loss = mean(squared_error(net(noise), batch.images));
    adam.zero_grad();
    tape.backward(loss);
    adam.lr = Real(0.01) * linear_decay(trainer.progress());
    adam.step();
    ema.update();
    trainer.report({{"loss", loss}});
    ++outcome.steps_made;
    if (stop) stop(trainer.step());
  }
  CHECK(trainer.finished());
  State state = net.state();
  state.add("ema", ema.state());
  state.add("adam", adam.state());
  for (const auto& [name, tensor] : state.tensors)
    outcome.weights.insert(outcome.weights.end(), tensor.values().begin(), tensor.values().end());
  for (const Curve& curve : trainer.history()) {
    outcome.curve.insert(outcome.curve.end(), curve.x.begin(), curve.x.end());
    outcome.curve.insert(outcome.curve.end(), curve.y.begin(), curve.y.end());
  }
  outcome.rng_position = program.rng.position();
  return outcome;
}

struct Break {};

std::string note_of(const fs::path& path, const std::string& key) {
  return read_safetensors(path).notes.at(key);
}

}  // namespace

TEST_CASE("trainer: counts epochs, steps and progress, and saves at every epoch's end") {
  const Folder folder;
  const Heard heard;
  Setting setting(folder.path, {});
  Rng rng(1);
  Net net(rng);
  Loader loader(points(), {.batch = 8}, rng);
  loader.next();  // used before: the trainer still begins at the start
  Trainer trainer(setting.program.session(), "net", {{"model", net}}, loader, 3);
  CHECK(trainer.checkpoint() == folder.path / "09_trainer" / "net.safetensors");
  CHECK(trainer.steps() == 21);
  Index step = 0;
  std::vector<Index> seen;
  for (const Batch& batch : trainer) {
    CHECK(trainer.step() == step);
    CHECK(trainer.epoch() == step / batches + 1);
    CHECK(trainer.progress() == doctest::Approx(static_cast<double>(step) / 21));
    CHECK(fs::exists(trainer.checkpoint()) == (step >= batches));
    if (step == batches + 3) CHECK(note_of(trainer.checkpoint(), "counter.trainer.done") == "7");
    seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
    trainer.report({{"loss", static_cast<double>(step)}});
    ++step;
  }
  CHECK(step == 21);
  CHECK(seen.size() == 150);
  CHECK(seen[0] == 0);
  CHECK(trainer.progress() == 1);
  CHECK(trainer.finished());
  CHECK(note_of(trainer.checkpoint(), "counter.trainer.done") == "21");
  const std::vector<Curve> curves = trainer.history();
  REQUIRE(curves.size() == 1);
  CHECK(curves[0].name == "loss");
  REQUIRE(curves[0].x.size() == 21);
  CHECK(curves[0].x.back() == 3);
  CHECK(curves[0].y[4] == 4);
  CHECK(contains(heard.words(), "epoch 1/3"));
  CHECK(contains(heard.words(), "epoch 3/3"));
  CHECK(contains(heard.words(), "loss 17"));  // the average over the last epoch
  Index more = 0;
  for (const Batch& batch : trainer) more += batch.size();
  CHECK(more == 0);
}

TEST_CASE("trainer: curves are averages over at most 200 pieces") {
  const Folder folder;
  const Heard heard;
  Setting setting(folder.path, {});
  Trainer trainer(setting.program.session(), "count", {}, Steps{1001, 500});
  while (trainer.next()) trainer.report({{"a", static_cast<double>(trainer.step())}, {"b", 2}});
  const std::vector<Curve> curves = trainer.history();
  REQUIRE(curves.size() == 2);
  REQUIRE(curves[0].x.size() == 167);  // 166 pieces of 6 steps, one of 5
  CHECK(curves[0].x[0] == 6);
  CHECK(curves[0].y[0] == 2.5);
  CHECK(curves[0].x.back() == 1001);
  CHECK(curves[0].y.back() == 998);
  CHECK(curves[1].y[100] == 2);
  // The last 17 of 167 values: the means of steps 900 to 905, ..., 990 to 995, and 996 to 1000.
  CHECK(trainer.last_tenth("a") == doctest::Approx((16 * 947.5 + 998) / 17));
  CHECK(trainer.last_tenth("b") == 2);
  CHECK(contains(message([&] { (void)trainer.last_tenth("c"); }), {"last_tenth", "\"c\""}));
  CHECK(contains(heard.words(), "steps 1-500 of 1001"));
  CHECK(contains(heard.words(), "steps 1001-1001 of 1001"));
}

TEST_CASE("trainer: stopped at any step and resumed, it equals an uninterrupted run bit for bit") {
  const Folder folder;
  const Heard heard;
  const Outcome whole = train(folder.path / "whole", {});
  CHECK(whole.steps_made == epochs * batches);
  SUBCASE("a crash: goes on from the end of the last epoch") {
    for (const Index last : {9, 25})
      CHECK_THROWS_AS(train(folder.path / "parts", {"--resume"},
                            [&](Index step) {
                              if (step == last) throw Break();
                            }),
                      Break);
    const Outcome rest = train(folder.path / "parts", {"--resume"});
    CHECK(rest == whole);
    CHECK(rest.steps_made == 3 * batches);
  }
  SUBCASE("Ctrl-C: goes on after the step under way") {
    for (const Index last : {0, 9, 20, 40})  // the first step, within an epoch, at its end, near the end
      CHECK_THROWS_AS(train(folder.path / "parts", {"--resume"},
                            [&](Index step) {
                              if (step == last) raise(SIGINT);
                            }),
                      Interrupted);
    const Outcome rest = train(folder.path / "parts", {"--resume"});
    CHECK(rest == whole);
    CHECK(rest.steps_made == 1);
  }
  SUBCASE("a finished training is loaded, with its curves and the place of the generator") {
    const Outcome loaded = train(folder.path / "whole", {"--resume"});
    CHECK(loaded == whole);
    CHECK(loaded.steps_made == 0);
    CHECK(contains(heard.words(), "nothing left to train"));
  }
  SUBCASE("without --resume it begins anew") {
    const Outcome again = train(folder.path / "whole", {});
    CHECK(again == whole);
    CHECK(again.steps_made == epochs * batches);
  }
  CHECK(!(train(folder.path / "other", {"--seed", "2"}) == whole));  // the comparison detects a difference
}

TEST_CASE("trainer: Interrupted tells how to continue, and the Ctrl-C handler is restored") {
  const Folder folder;
  const Heard heard;
  struct sigaction before = {}, within = {}, asked = {}, after = {};
  sigaction(SIGINT, nullptr, &before);
  try {
    train(folder.path, {}, [&](Index step) {
      if (step != 3) return;
      sigaction(SIGINT, nullptr, &within);
      raise(SIGTERM);
      sigaction(SIGTERM, nullptr, &asked);
    });
    FAIL("not interrupted");
  } catch (const Interrupted& stop) {
    CHECK(stop.signal == SIGTERM);
    CHECK(contains(stop.what(), "--resume"));
    CHECK(contains(stop.what(), "net.safetensors"));
    CHECK(contains(stop.what(), "after step 4 of 42"));
  }
  sigaction(SIGINT, nullptr, &after);
  CHECK((within.sa_handler != before.sa_handler));
  CHECK((asked.sa_handler == SIG_DFL));  // a second Ctrl-C ends the program at once
  CHECK((after.sa_handler == before.sa_handler));
}

TEST_CASE("trainer: steps with two loaders, as for a GAN") {
  const Folder folder;
  const Heard heard;
  const auto indices = [&](const fs::path& out, bool resume, Index stop) {
    Setting setting(out, resume ? std::vector<std::string>{"--resume"} : std::vector<std::string>{});
    Loader a(points("photos"), {.batch = 8, .shuffle = true}, setting.program.rng.split("a"));
    Loader b(points("paintings", 33), {.batch = 8, .shuffle = true}, setting.program.rng.split("b"));
    Trainer trainer(setting.program.session(), "gan", {{"photos", a}, {"paintings", b}}, Steps{40});
    std::vector<Index> seen;
    try {
      while (trainer.next()) {
        for (Loader* loader : {&a, &b}) {
          const Batch& batch = loader->next();
          seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
        }
        if (trainer.step() == stop) raise(SIGINT);
      }
    } catch (const Interrupted&) {
    }
    return seen;
  };
  const std::vector<Index> whole = indices(folder.path / "a", false, -1);
  std::vector<Index> parts = indices(folder.path / "b", false, 16);
  const std::vector<Index> rest = indices(folder.path / "b", true, -1);
  CHECK(!rest.empty());
  parts.insert(parts.end(), rest.begin(), rest.end());
  CHECK(parts == whole);
}

// Trains with a weighted and a plain loader. At the start of every epoch but the first the weights are
// computed from the network, as for debiasing; epoch 4 has none.
Outcome train_weighted(const fs::path& out, bool resume, Index stop) {
  Setting setting(out, resume ? std::vector<std::string>{"--resume"} : std::vector<std::string>{});
  Program& program = setting.program;
  Net net(program.rng);
  Sgd sgd(net.parameters(), {.lr = Real(0.1)});
  Loader loader(points(), {.batch = 8}, program.rng), others(points("others", 33), {.batch = 8}, program.rng);
  Trainer trainer(program.session(), "net",
                  {{"model", net}, {"dropout", net.drop.noise}, {"points", loader}, {"others", others}},
                  Steps{epochs * batches, batches});
  Outcome outcome;
  try {
    while (trainer.next()) {
      if (const Index epoch = trainer.step() / batches; trainer.step() % batches == 0 && epoch > 0) {
        Tensor weights({50});
        const Tensor y = net(loader.dataset().images).value();
        for (Index i = 0; i < 50; ++i) weights[i] = y[6 * i] * y[6 * i];
        loader.weigh(epoch == 4 ? Tensor() : weights);
      }
      others.next();
      const Batch& batch = loader.next();
      Tape tape;
      sgd.zero_grad();
      tape.backward(mean(squared_error(net(batch.images), batch.images)));
      sgd.step();
      outcome.curve.insert(outcome.curve.end(), batch.indices.begin(), batch.indices.end());
      if (trainer.step() == stop) raise(SIGINT);
    }
  } catch (const Interrupted&) {
  }
  for (const auto& [name, tensor] : net.state().tensors)
    outcome.weights.insert(outcome.weights.end(), tensor.values().begin(), tensor.values().end());
  return outcome;
}

TEST_CASE("trainer: a loader's weights are resumed, when they come from the network at an epoch's start") {
  const Folder folder;
  const Heard heard;
  const Outcome whole = train_weighted(folder.path / "whole", false, -1);
  for (const Index stop : {3, 10, 13, 17, 27, 30, 34, 38}) {  // 13, 27 and 34 end an epoch; 30 has no weights
    INFO("stopped at ", stop);
    Outcome first = train_weighted(folder.path / text(stop), false, stop);
    const Outcome rest = train_weighted(folder.path / text(stop), true, -1);
    CHECK(rest.weights == whole.weights);
    first.curve.insert(first.curve.end(), rest.curve.begin(), rest.curve.end());
    CHECK(first.curve == whole.curve);
  }
}

TEST_CASE("trainer: a loss that is not finite stops with step and name") {
  const Folder folder;
  const Heard heard;
  Setting setting(folder.path, {});
  Rng rng(1);
  Loader loader(points(), {.batch = 8}, rng);
  Trainer trainer(setting.program.session(), "net", {}, loader, 3);
  const std::string words = message([&] {
    for ([[maybe_unused]] const Batch& batch : trainer)
      trainer.report({{"recon", 1.0}, {"kl", trainer.step() == 9 ? std::nan("") : 1.0}});
  });
  CHECK(contains(words, "net: kl is nan at step 10 of 21 (epoch 2)"));
  CHECK(note_of(trainer.checkpoint(), "counter.trainer.done") == "7");  // the last valid checkpoint is kept
}

TEST_CASE("trainer: a checkpoint of another training run is refused") {
  const Folder folder;
  const Heard heard;
  const std::vector<std::string> resume = {"--resume"};
  const auto refused = [&](std::vector<std::string> words, Index wanted = epochs) {
    return message([&] { train(folder.path, words, {}, wanted); });
  };
  train(folder.path, {});
  const fs::path file = folder.path / "09_trainer" / "net.safetensors";
  CHECK(refused(resume) == "");
  CHECK(contains(refused({"--resume", "--preset", "full"}), "preset quick, this run has full"));
  CHECK(contains(refused({"--resume", "--seed", "2"}), "seed 1, this run has 2"));
  CHECK(contains(refused(resume, 7), "steps 42, this run has 49"));

  const auto other = [&](const Dataset& data, Index width) {
    Setting setting(folder.path, resume);
    struct Other : Module {
      Linear hidden;
      Other(Rng& rng, Index size) : Module(rng), hidden(*this, "hidden", 6, size) {}
    } net(setting.program.rng, width);
    Loader loader(data, {.batch = 8}, setting.program.rng);
    return message([&] { Trainer(setting.program.session(), "net", {{"model", net}}, loader, epochs); });
  };
  CHECK(contains(other(points("others"), 16),
                 "50 examples of points, 7 batches, this run has 50 examples of others"));
  CHECK(contains(other(points(), 16), "unexpected tensors"));

  std::string bytes;
  {
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::ofstream(file, std::ios::binary) << bytes.substr(0, bytes.size() - 5);
  CHECK(contains(refused(resume), file.string()));
  save_checkpoint(file, {});
  CHECK(contains(refused(resume), "not a checkpoint of this training"));
  fs::remove(file);
  CHECK(refused(resume) == "");
  CHECK(contains(heard.words(), "starts from the beginning"));
}

TEST_CASE("trainer: misuse gives errors") {
  const Folder folder;
  const Heard heard;
  Setting setting(folder.path, {});
  Program& program = setting.program;
  Rng rng(1);
  Net net(rng);
  Loader loader(points(), {.batch = 8}, rng);
  CHECK(contains(message([&] {
                   Trainer(program.session(), "t", {{"a", net}, {"a", rng}}, loader, 1);
                 }),
                 "\"a\" is taken"));
  CHECK(contains(message([&] {
                   Trainer(program.session(), "t", {{"program", net}}, loader, 1);
                 }),
                 "\"program\" is taken"));
  CHECK(contains(message([&] { Trainer(program.session(), "t", {}, loader, 0); }), "at least one epoch"));
  CHECK(contains(message([&] { Trainer(program.session(), "t", {}, Steps{0}); }), "at least one step"));
  Trainer trainer(program.session(), "t", {}, Steps{3});
  CHECK(contains(message([&] { trainer.report({{"loss", 1}}); }), "within a step"));
  CHECK(contains(message([&] { trainer.begin(); }), "trainer.next()"));
}

// --- Ctrl-C, from outside ---------------------------------------------------------------------------------

TEST_CASE("trainer: a program that trains slowly (run by the next test)" * doctest::skip()) {
  const char* out = std::getenv("GRADUS_TEST_FOLDER");
  REQUIRE(out);
  std::vector<std::string> words = {"09_trainer", "--out", out};
  std::vector<char*> argv = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int code = run_program(3, argv.data(), {.name = "09_trainer"}, [&](Program&) {
    train(out, {}, [](Index) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
  });
  std::cout.flush();
  std::_Exit(code);
}

TEST_CASE("trainer: Ctrl-C ends a program with code 130 and a checkpoint, and resuming gives the same bits") {
  if (!starts_itself()) {
    std::cout << "SKIPPED: trainer: Ctrl-C: this program cannot start itself\n";
    return;
  }
  const Folder folder;
  const std::string log = (folder.path / "log").string();
  std::cout.flush();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setenv("GRADUS_TEST_FOLDER", folder.path.c_str(), 1);
    setenv("GRADUS_RESTARTED", "1", 1);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execl("/proc/self/exe", "unit_tests", "--no-skip", "--test-case=trainer: a program that trains slowly*",
          static_cast<char*>(nullptr));
    _exit(127);
  }
  const fs::path checkpoint = folder.path / "09_trainer" / "net.safetensors";
  for (int wait = 0; wait < 1000 && !fs::exists(checkpoint); ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // within the second epoch
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  std::ifstream said_in(log);
  const std::string said{std::istreambuf_iterator<char>(said_in), {}};
  INFO(said);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(contains(said, "run again with --resume"));
  REQUIRE(fs::exists(checkpoint));

  const Heard heard;
  const Outcome rest = train(folder.path, {"--resume"}), whole = train(folder.path / "whole", {});
  CHECK(rest.steps_made > 0);
  CHECK(rest.steps_made < epochs * batches);
  CHECK(rest == whole);
}
