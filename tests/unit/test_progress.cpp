#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "gradus/base/check.hpp"
#include "gradus/base/terminal.hpp"
#include "gradus/train/progress.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

using Look = ProgressOptions::Look;
using Clock = std::chrono::steady_clock;

auto count(const std::string& words, char c) { return std::count(words.begin(), words.end(), c); }
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

TEST_CASE("progress: without a terminal a short run prints one line, with averages over all ticks") {
  std::ostringstream out;
  {
    Progress bar("epoch 3", 4, {.look = Look::lines, .out = &out});
    for (const double loss : {1.0, 2.0, 3.0, 10.0})
      bar.tick({{"loss", loss}, {"kl", Var(Tensor::of({1}, {Real(0.5)}))}});
    CHECK(out.str().empty());
  }
  CHECK(count(out.str(), '\n') == 1);
  CHECK(contains(out.str(), "epoch 3"));
  CHECK(contains(out.str(), "loss 4  kl 0.5"));
  CHECK(!contains(out.str(), "%"));
  CHECK(!contains(out.str(), "\r"));
}

TEST_CASE("progress: an interrupted run reports how far it came") {
  std::ostringstream out;
  {
    Progress bar("epoch 1", 8, {.done = 2, .look = Look::lines, .out = &out});
    bar.tick();
    bar.tick();
  }
  CHECK(contains(out.str(), "50 %"));
}

TEST_CASE("progress: finish draws once; readings may come in any order or not at all") {
  std::ostringstream out;
  {
    Progress bar("", 3, {.look = Look::lines, .out = &out});
    bar.tick({{"a", 1}, {"b", 10}});
    bar.tick({{"b", 20}, {"a", 3}});
    bar.show({{"c", 7}});
    bar.tick();
    bar.finish();
    bar.finish();
  }
  CHECK(count(out.str(), '\n') == 1);
  CHECK(contains(out.str(), "a 2  b 15  c 7"));
}

TEST_CASE("progress: a bar redraws itself at most ten times a second") {
  std::ostringstream out;
  const auto start = Clock::now();
  {
    Progress bar("work", 1000000, {.look = Look::bar, .out = &out});
    while (seconds_since(start) < 0.45) bar.tick({{"loss", 2.0}});
  }
  const auto drawn = count(out.str(), '\r');
  CHECK(drawn >= 3);
  CHECK(static_cast<double>(drawn) <= seconds_since(start) * 10 + 2);  // the first and the last one
  CHECK(count(out.str(), '\n') == 1);
  CHECK(contains(out.str(), "left"));
  CHECK(contains(out.str(), "/s"));
  CHECK(contains(out.str(), "loss 2"));
}

TEST_CASE("progress: the remaining time follows from the current rate") {
  std::ostringstream out;
  Progress bar("work", 100, {.done = 50, .look = Look::bar, .out = &out});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  bar.tick();  // 1 tick in 0.2 s: 49 more take 9.8 s, regardless of ticks in an earlier run
  const std::string words = out.str();
  bar.finish();
  CHECK(contains(words, "51 %"));
  CHECK((contains(words, "0:10 left") || contains(words, "0:11 left")));
}

TEST_CASE("progress: running averages follow recent values") {
  std::ostringstream out;
  Progress bar("work", 1000, {.look = Look::bar, .out = &out});
  for (int i = 0; i < 500; ++i) bar.tick({{"loss", 100}});
  for (int i = 0; i < 400; ++i) bar.tick({{"loss", 1}});
  out.str("");
  std::this_thread::sleep_for(std::chrono::milliseconds(110));
  bar.tick({{"loss", 1}});
  const std::string words = out.str();
  CHECK(contains(words, "loss 1.0"));  // the average over all would be 56
}

TEST_CASE("progress: a tick costs under a microsecond") {
  std::ostringstream out;
  double best = 1;
  for (int round = 0; round < 5; ++round) {
    constexpr int ticks = 20000;
    Progress bar("work", ticks, {.look = Look::bar, .out = &out});
    const auto start = Clock::now();
    for (int i = 0; i < ticks; ++i) bar.tick({{"recon", 1.5}, {"kl", 2.5}});
    best = std::min(best, seconds_since(start) / ticks);
  }
  MESSAGE("a tick with two readings: ", best * 1e9, " ns");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  CHECK(best < 1e-5);
#else
  CHECK(best < 1e-6);
#endif
}

TEST_CASE("progress: misuse") {
  CHECK_THROWS_AS(Progress("work", -1), Error);
  std::ostringstream out;
  { Progress nothing("none", 0, {.look = Look::lines, .out = &out}); }
  CHECK(count(out.str(), '\n') == 1);
  CHECK_THROWS_AS(Reading("loss", Var(Tensor::zeros({2}))), Error);
}

TEST_CASE("terminals: control codes and colours only where supported") {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(master >= 0);
  REQUIRE((grantpt(master) == 0 && unlockpt(master) == 0));
  const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  const char* type = std::getenv("TERM");
  const std::string before = type ? type : "";
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  CHECK(is_terminal(terminal));
  CHECK(is_colourful(terminal));
  setenv("NO_COLOR", "", 1);  // empty does not count
  CHECK(is_colourful(terminal));
  setenv("NO_COLOR", "1", 1);
  CHECK(is_terminal(terminal));
  CHECK_FALSE(is_colourful(terminal));
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  CHECK_FALSE(is_terminal(terminal));
  CHECK_FALSE(is_colourful(terminal));
  type ? setenv("TERM", before.c_str(), 1) : unsetenv("TERM");
  close(terminal);
  close(master);
  const Folder folder;
  const int file = open((folder / "f").c_str(), O_WRONLY | O_CREAT, 0600);
  CHECK_FALSE(is_terminal(file));
  close(file);
}
