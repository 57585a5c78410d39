#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "5_adversarial/dcgan.hpp"
#include "helpers.hpp"

using namespace gradus;
using namespace gradus::lecture;
namespace fs = std::filesystem;

namespace {

/// Average, generator and animation after a training run of 300 steps.
std::vector<Tensor> trained(const fs::path& folder, std::vector<const char*> more, Index classes) {
  const Heard silence;
  const std::string place = folder.string();
  std::vector<const char*> argv{"20_test", "--data", "/none", "--out", place.c_str()};
  argv.insert(argv.end(), more.begin(), more.end());
  Program program(static_cast<int>(argv.size()), const_cast<char**>(argv.data()),
                  {.name = "20_test", .title = "t"});
  const Split digits = load_digits("/none", {.train = 100, .test = 10});
  Dcgan gan(program, "gan", {.steps = 300, .channels = 4, .batch = 8, .noise = 5, .classes = classes});
  Rng rng(3);
  DigitFilm film({0, 40, 300}, gan.noise(3, classes > 0 ? one_hot({1, 2, 3}, 10) : Tensor(), rng));
  train_dcgan(program, gan, digits.train, film);
  std::vector<Tensor> all;
  for (State state : {gan.average.state(), gan.generator.state(), film.state()})
    for (auto& [name, tensor] : state.tensors) all.push_back(tensor.clone());
  return all;
}

}  // namespace

TEST_CASE("DCGAN: a training run that is stopped and resumed equals an uninterrupted one bit for bit") {
  const fs::path folder = fs::temp_directory_path() / text("gradus_dcgan_", getpid());
  for (const Index classes : {0, 10}) {
    const fs::path whole = folder / text("whole", classes), parts = folder / text("parts", classes);
    const std::vector<Tensor> expected = trained(whole, {}, classes);
    std::signal(SIGINT, [](int) {});  // if the signal arrives too late, a check fails instead of the process
    std::thread stop([&] {            // after the first tenth is saved, like Ctrl-C
      for (int wait = 0; wait < 60000 && !fs::exists(parts / "20_test" / "gan.safetensors"); ++wait)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      kill(getpid(), SIGINT);
    });
    CHECK_THROWS_AS(trained(parts, {}, classes), Interrupted);
    stop.join();
    std::signal(SIGINT, SIG_DFL);
    const std::vector<Tensor> resumed = trained(parts, {"--resume"}, classes);
    REQUIRE(resumed.size() == expected.size());
    for (std::size_t i = 0; i < resumed.size(); ++i)
      CHECK_MESSAGE(std::memcmp(resumed[i].data(), expected[i].data(), expected[i].bytes()) == 0, "tensor ",
                    i);
  }
  fs::remove_all(folder);
}

TEST_CASE("DCGAN: label planes repeat a label over the image and follow the image's own channel") {
  const Tensor y = one_hot({2, 0}, 3), sheet = planes(y);
  CHECK(sheet.shape() == Shape{2, 28, 28, 3});
  for (const Index i : {0, 13, 27})
    for (Index c = 0; c < 3; ++c) {
      CHECK(sheet.at({0, i, 27 - i, c}) == Real(c == 2));
      CHECK(sheet.at({1, 27 - i, i, c}) == Real(c == 0));
    }
  const Tensor x = Tensor::full({2, 28, 28, 1}, Real(0.25)), both = labelled(x, y).value();
  CHECK(both.shape() == Shape{2, 28, 28, 4});
  CHECK(both.at({0, 5, 5, 0}) == Real(0.25));
  CHECK(both.at({0, 5, 5, 3}) == 1);
  CHECK(labelled(x, Tensor()).value().shape() == x.shape());
}

TEST_CASE(
    "DCGAN: an image of the averaged generator does not depend on its batch, and sampling changes no state") {
  const Heard silence;
  const std::string out = (fs::temp_directory_path() / text("gradus_dcgan_alone_", getpid())).string();
  std::vector<const char*> argv{"20_test", "--out", out.c_str()};
  Program program(static_cast<int>(argv.size()), const_cast<char**>(argv.data()),
                  {.name = "20_test", .title = "t"});
  Dcgan gan(program, "gan", {.channels = 4, .noise = 6});
  Rng rng(1);
  for (Index i = 0; i < 3; ++i) gan.generator(gan.noise(16, {}, rng));  // changes batch norm's statistics
  gan.average.update();
  const Tensor z = gan.noise(600, {}, rng), all = gan.pictures(z), alone = gan.pictures(z.rows(599, 600));
  CHECK(all.shape() == Shape{600, 28, 28, 1});
  for (Index i = 0; i < 784; ++i) CHECK(std::abs(all.row(599)[i] - alone[i]) < 1e-5);
  for (const Real v : all.values()) CHECK((v >= 0 && v <= 1));
  const Tensor again = gan.pictures(z);
  CHECK(std::memcmp(all.data(), again.data(), all.bytes()) == 0);
  CHECK(gan.generator.training());
  fs::remove_all(out);
}
