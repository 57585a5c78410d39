// Gradus's side of `make bench`: reads lines "case seconds" from standard input
// and answers each with one line of JSON.
//
//   echo "mlp_vae 2" | bench
//   {"case":"mlp_vae","ms_median":...,"ms_p10":...,"ms_p90":...,"steps":...,"peak_rss_mb":...}
//   mlp_vae_b<batch>, infer_b<batch>, dcgan32_c<channels>
//   "steps,<case> <count>": {"ms_median":...,"ms_first":...,"faults": page faults per step}
//   ops, op,<name>, copy,<bytes>, function,<name>: see op_cases.hpp
//   bench --startup            runs one training step and exits: the caller times the process
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gradus/base/runtime.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "op_cases.hpp"
#include "picture_cases.hpp"

namespace {

using namespace gradus;

constexpr Index pixels = 784;

/// 4096 random pictures in batches: they do not all fit into the cache.
std::vector<Tensor> batches(Rng& rng, Index batch) {
  std::vector<Tensor> out;
  for (Index i = 0; i < 4096 / batch; ++i) out.push_back(Tensor::uniform({batch, pixels}, rng));
  return out;
}

struct Vae : Module {
  Linear hidden{*this, "hidden", pixels, 400};
  Linear mu{*this, "mu", 400, 20};
  Linear logvar{*this, "logvar", 400, 20};
  Linear decoder_hidden{*this, "decoder_hidden", 20, 400};
  Linear decoder_out{*this, "decoder_out", 400, pixels};
  using Module::Module;
  Var decode(const Var& z) { return decoder_out(relu(decoder_hidden(z))); }
};

/// 784-400-20-400-784, Bernoulli likelihood, Adam.
struct VaeCase {
  explicit VaeCase(Index batch = 128) : data(batches(rng, batch)) {}
  Rng rng{1};
  Vae net{rng};
  Adam adam{net.parameters()};
  std::vector<Tensor> data;
  std::size_t next = 0;
  void step() {
    const Tensor& x = data[next++ % data.size()];
    Tape tape;
    const Var h = relu(net.hidden(x));
    const Var mu = net.mu(h), logvar = net.logvar(h);
    const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng));
    const Var loss = sum(bernoulli_nll(net.decode(z), x)) + sum(gaussian_kl(mu, logvar));
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
  }
};

struct Ae : Module {
  Linear e1{*this, "e1", pixels, 512}, e2{*this, "e2", 512, 256}, e3{*this, "e3", 256, 2};
  Linear d1{*this, "d1", 2, 256}, d2{*this, "d2", 256, 512}, d3{*this, "d3", 512, pixels};
  using Module::Module;
  Var operator()(const Var& x) { return sigmoid(d3(relu(d2(relu(d1(e3(relu(e2(relu(e1(x))))))))))); }
};

/// 784-512-256-2-256-512-784, squared error, batch 128, Adam.
struct AeCase {
  Rng rng{1};
  Ae net{rng};
  Adam adam{net.parameters()};
  std::vector<Tensor> data = batches(rng, 128);
  std::size_t next = 0;
  void step() {
    const Tensor& x = data[next++ % data.size()];
    Tape tape;
    const Var loss = mean(squared_error(net(x), x)) / Real(pixels);
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
  }
};

/// The VAE's decoder alone, with the final sigmoid.
struct DecodeCase {
  explicit DecodeCase(Index count) : z(Tensor::randn({count, 20}, rng)) {}
  Rng rng{1};
  Vae net{rng};
  Tensor z;
  void step() { sigmoid(net.decode(z)); }
};

std::function<void()> make_case(const std::string& name) {
  const auto stepper = [](auto object) { return [object] { object->step(); }; };
  if (name == "mlp_vae") return stepper(std::make_shared<VaeCase>());
  if (name == "mlp_ae") return stepper(std::make_shared<AeCase>());
  if (const Index batch = number_after("mlp_vae_b", name)) return stepper(std::make_shared<VaeCase>(batch));
  if (const Index batch = number_after("infer_b", name)) return stepper(std::make_shared<DecodeCase>(batch));
  return picture_case(name);
}

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<double>(usage.ru_maxrss) / (1024.0 * 1024.0);
#else
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
#endif
}

/// Milliseconds of each step, in the order of time: as many as fill the seconds, at least `least`.
std::vector<double> timed(const std::function<void()>& step, double seconds, std::size_t least) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<double> times;
  for (const auto start = Clock::now(); since(start) < seconds || times.size() < least;) {
    const auto before = Clock::now();
    step();
    times.push_back(1e3 * since(before));
  }
  return times;
}

/// The quantile `part` of the times.
double at(std::vector<double> times, double part) {
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
}

void measure(const std::string& name, const std::function<void()>& step, double seconds) {
  timed(step, 0.1 * seconds, 0);  // warm up
  const std::vector<double> times = timed(step, seconds, 5);
  std::printf(
      "{\"case\":\"%s\",\"ms_median\":%.5f,\"ms_p10\":%.5f,\"ms_p90\":%.5f,\"steps\":%zu,\"peak_rss_mb\":%."
      "1f,"
      "\"flops\":%.0f}\n",
      name.c_str(), at(times, 0.5), at(times, 0.1), at(times, 0.9), times.size(), peak_rss_mb(),
      name == "peak" ? peak_flops() : 0.0);
  std::fflush(stdout);
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

void measure_steps(const std::string& name, const std::function<void()>& step, std::size_t count) {
  const long before = page_faults();
  const std::vector<double> times = timed(step, 0, std::max<std::size_t>(1, count));
  const double faults = static_cast<double>(page_faults() - before) / static_cast<double>(times.size());
  std::printf("{\"case\":\"%s\",\"ms_median\":%.5f,\"ms_first\":%.5f,\"faults\":%.3f}\n", name.c_str(),
              at(times, 0.5), times.front(), faults);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  start_runtime(argv);
  if (argc > 1 && std::string(argv[1]) == "--startup") {
    VaeCase().step();
    return 0;
  }
  std::map<std::string, std::function<void()>> cases;
  std::string name;
  double seconds = 0;
  while (std::cin >> name >> seconds) {
    if (const std::string answer = op_answer(name, seconds); !answer.empty()) {
      std::cout << answer << std::endl;
      continue;
    }
    const bool counted = name.starts_with("steps,");
    std::function<void()>& step = cases[counted ? name.substr(6) : name];
    if (!step) step = make_case(counted ? name.substr(6) : name);
    if (!step) {
      std::printf("{\"case\":\"%s\",\"error\":\"no such case\"}\n", name.c_str());
      std::fflush(stdout);
      continue;
    }
    if (counted)
      measure_steps(name, step, static_cast<std::size_t>(seconds));
    else
      measure(name, step, seconds);
  }
}
