// Gradus's side of `make bench`: reads lines "case seconds" from standard input
// and answers each with one line of JSON.
//
//   echo "mlp_vae 2" | bench
//   {"case":"mlp_vae","ms_median":...,"ms_p10":...,"ms_p90":...,"steps":...,"peak_rss_mb":...}
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

constexpr Index batch = 128, pixels = 784;

/// Random batches, enough that they do not all fit into the cache.
std::vector<Tensor> batches(Rng& rng) {
  std::vector<Tensor> out;
  for (int i = 0; i < 32; ++i) out.push_back(Tensor::uniform({batch, pixels}, rng));
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

/// 784-400-20-400-784, Bernoulli likelihood, batch 128, Adam.
struct VaeCase {
  Rng rng{1};
  Vae net{rng};
  Adam adam{net.parameters()};
  std::vector<Tensor> data = batches(rng);
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
  std::vector<Tensor> data = batches(rng);
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
  if (name == "infer_b1") return stepper(std::make_shared<DecodeCase>(1));
  if (name == "infer_b1024") return stepper(std::make_shared<DecodeCase>(1024));
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

void measure(const std::string& name, const std::function<void()>& step, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  for (auto start = Clock::now(); since(start) < 0.1 * seconds;) step();  // warm up
  std::vector<double> times;
  for (auto start = Clock::now(); since(start) < seconds || times.size() < 5;) {
    const auto before = Clock::now();
    step();
    times.push_back(1e3 * since(before));
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  std::printf(
      "{\"case\":\"%s\",\"ms_median\":%.5f,\"ms_p10\":%.5f,\"ms_p90\":%.5f,\"steps\":%zu,\"peak_rss_mb\":%."
      "1f,"
      "\"flops\":%.0f}\n",
      name.c_str(), at(0.5), at(0.1), at(0.9), times.size(), peak_rss_mb(),
      name == "peak" ? peak_flops() : 0.0);
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
    std::function<void()>& step = cases[name];
    if (!step) step = make_case(name);
    if (!step) {
      std::printf("{\"case\":\"%s\",\"error\":\"no such case\"}\n", name.c_str());
      std::fflush(stdout);
      continue;
    }
    measure(name, step, seconds);
  }
}
