// The convolutional cases of `make bench`: the same networks, batch sizes and steps as in peer_torch.py.
#include "picture_cases.hpp"

#include <omp.h>

#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "gradus/generative/diffusion.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/unet.hpp"
#include "gradus/kernels/convolution.hpp"
#include "gradus/kernels/vector.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"
#include "gradus/optim/optimizer.hpp"
#include "picture_nets.hpp"

namespace {

using namespace gradus;

/// A step of any optimizer: gradients of the loss, then the parameters.
void descend(Adam& adam, Tape& tape, const Var& loss) {
  adam.zero_grad();
  tape.backward(loss);
  adam.step();
}

/// Conv 32, conv 64 (4 x 4, stride 2, no padding), linear 10; squared error, batch 128.
struct SmallCnn : Module {
  Conv2d c1{*this, "c1", 1, 32, {.size = 4, .stride = 2}}, c2{*this, "c2", 32, 64, {.size = 4, .stride = 2}};
  Linear out{*this, "out", 1600, 10};
  using Module::Module;
};
struct SmallCnnCase {
  Rng rng{1};
  SmallCnn net{rng};
  Adam adam{net.parameters()};
  Pool x{rng, {128, 28, 28, 1}};
  Tensor target = Tensor::uniform({128, 10}, rng);
  void step() {
    Tape tape;
    const Var h = relu(net.c2(relu(net.c1(x()))));
    descend(adam, tape, mean(squared_error(net.out(reshape(h, {128, 1600})), target)) / 10);
  }
};

struct ConvVaeCase {
  Rng rng{1};
  ConvVae net{rng};
  Adam adam{net.parameters()};
  Pool x{rng, {128, 28, 28, 1}, 0, 16};
  void step() {
    const Tensor& pictures = x();
    Tape tape;
    const Var h = reshape(relu(net.c2(relu(net.c1(pictures)))), {128, 3136});
    const Var mu = net.mu(h), logvar = net.logvar(h);
    const Var z = reparameterize(mu, logvar, Tensor::randn({128, 16}, rng));
    const Var y = net.t2(relu(net.t1(reshape(relu(net.up(z)), {128, 7, 7, 64}))));
    descend(adam, tape,
            sum(bernoulli_nll(reshape(y, {128, 784}), pictures.reshape({128, 784}))) +
                sum(gaussian_kl(mu, logvar)));
  }
};

/// A DCGAN step: D on real images, D on fakes, G through a frozen D.
struct DcganCase {
  DcganCase(Index batch, Index size, std::vector<Index> down, Index colours)
      : B(batch),
        g(rng, {down.rbegin(), down.rend()}, colours),
        d(rng, down, colours),
        x(rng, {batch, size, size, colours}, -1) {}
  Index B;
  Rng rng{1};
  Generator g;
  Discriminator d;
  Adam adam_g{g.parameters(), {.lr = Real(2e-4), .beta1 = Real(0.5)}},
      adam_d{d.parameters(), {.lr = Real(2e-4), .beta1 = Real(0.5)}};
  Pool x;
  Tensor one = Tensor::full({B, 1}, 1), zero = Tensor::zeros({B, 1});
  void step() {
    Tape tape;
    const Var fake = g(Tensor::randn({B, 1, 1, 100}, rng));
    {
      Tape judging;
      descend(adam_d, judging, mean(bernoulli_nll(d(x()), one)) + mean(bernoulli_nll(d(fake.value()), zero)));
    }
    Frozen frozen(d);
    descend(adam_g, tape, mean(bernoulli_nll(d(fake), one)));
  }
};

/// The debiasing VAE of 6.S191's lab 2: 64 x 64 faces, 100 latent units and a logit; batch 32.
struct DebiasingVae : Module {
  static constexpr Index n = 12;
  Conv2d c1{*this, "c1", 3, n, {5, 2, 2}}, c2{*this, "c2", n, 2 * n, {5, 2, 2}},
      c3{*this, "c3", 2 * n, 4 * n, {3, 2, 1}}, c4{*this, "c4", 4 * n, 6 * n, {3, 2, 1}};
  BatchNorm b1{*this, "b1", n}, b2{*this, "b2", 2 * n}, b3{*this, "b3", 4 * n}, b4{*this, "b4", 6 * n};
  Linear hidden{*this, "hidden", 6 * n * 16, 512}, out{*this, "out", 512, 201},
      up{*this, "up", 100, 6 * n * 16};
  ConvTranspose2d t1{*this, "t1", 6 * n, 4 * n, {3, 2, 1, 1}}, t2{*this, "t2", 4 * n, 2 * n, {3, 2, 1, 1}},
      t3{*this, "t3", 2 * n, n, {5, 2, 2, 1}}, t4{*this, "t4", n, 3, {5, 2, 2, 1}};
  using Module::Module;
};
struct DebiasingVaeCase {
  Rng rng{1};
  DebiasingVae net{rng};
  Adam adam{net.parameters(), {.lr = Real(5e-4)}};
  Pool x{rng, {32, 64, 64, 3}};
  Tensor label = Tensor::bernoulli({32}, rng, Real(0.5));
  void step() {
    const Tensor& pictures = x();
    Tape tape;
    Var h = net.b2(relu(net.c2(net.b1(relu(net.c1(pictures))))));
    h = net.out(relu(net.hidden(reshape(net.b4(relu(net.c4(net.b3(relu(net.c3(h)))))), {32, 72 * 16}))));
    const Var mu = slice(h, 1, 1, 101), logvar = slice(h, 1, 101, 201);
    const Var z = reparameterize(mu, logvar, Tensor::randn({32, 100}, rng));
    const Var y = net.t4(relu(net.t3(relu(net.t2(relu(net.t1(reshape(relu(net.up(z)), {32, 4, 4, 72}))))))));
    const Var error = l1_error(y, pictures) / Real(64 * 64 * 3);
    const Var face = label * (Real(0.005) * gaussian_kl(mu, logvar) + error);
    descend(adam, tape, mean(bernoulli_nll(slice(h, 1, 0, 1), label.reshape({32, 1})) + face));
  }
};

/// CycleGAN's generator at 64 x 64: 7 x 7, two down, six residual blocks, two up, 7 x 7.
struct Residual : Module {
  Residual(Module& parent, const std::string& name, Index c)
      : Module(parent, name), c1(*this, "c1", c, c, {3}), c2(*this, "c2", c, c, {3}) {}
  Var operator()(const Var& x) {
    const Var h = relu(instance_norm(c1(reflection_pad2d(x, 1))));
    return x + instance_norm(c2(reflection_pad2d(h, 1)));
  }
  Conv2d c1, c2;
};
struct Translator : Module {
  explicit Translator(Rng& random) : Module(random) {
    for (int i = 0; i < 6; ++i)
      blocks.push_back(std::make_unique<Residual>(*this, "block" + std::to_string(i), 128));
  }
  Var operator()(const Var& x) {
    Var h = relu(instance_norm(c1(reflection_pad2d(x, 3))));
    h = relu(instance_norm(c3(relu(instance_norm(c2(h))))));
    for (const auto& block : blocks) h = (*block)(h);
    h = relu(instance_norm(t2(relu(instance_norm(t1(h))))));
    return gradus::tanh(c4(reflection_pad2d(h, 3)));
  }
  Conv2d c1{*this, "c1", 3, 32, {7}}, c2{*this, "c2", 32, 64, {3, 2, 1}}, c3{*this, "c3", 64, 128, {3, 2, 1}};
  std::vector<std::unique_ptr<Residual>> blocks;
  ConvTranspose2d t1{*this, "t1", 128, 64, {3, 2, 1, 1}}, t2{*this, "t2", 64, 32, {3, 2, 1, 1}};
  Conv2d c4{*this, "c4", 32, 3, {7}};
};
struct PatchJudge : Module {
  Conv2d c1{*this, "c1", 3, 64, halve}, c2{*this, "c2", 64, 128, halve}, c3{*this, "c3", 128, 256, halve},
      c4{*this, "c4", 256, 1, {4, 1, 1}};
  using Module::Module;
  Var operator()(const Var& x) {
    return c4(leaky_relu(instance_norm(c3(leaky_relu(instance_norm(c2(leaky_relu(c1(x)))))))));
  }
};
struct CycleganCase {
  explicit CycleganCase(Index batch) : xa(rng, {batch, 64, 64, 3}, -1), xb(rng, {batch, 64, 64, 3}, -1) {}
  Rng rng{1};
  Translator to_b{rng}, to_a{rng};
  PatchJudge of_b{rng}, of_a{rng};
  Adam adam_g{both(to_b, to_a), {.lr = Real(2e-4), .beta1 = Real(0.5)}},
      adam_d{both(of_b, of_a), {.lr = Real(2e-4), .beta1 = Real(0.5)}};
  Pool xa, xb;
  static std::vector<Parameter*> both(Module& a, Module& b) {
    std::vector<Parameter*> all = a.parameters();
    for (Parameter* p : b.parameters()) all.push_back(p);
    return all;
  }
  static Var mean_l1(const Var& y, const Tensor& x) {
    return sum(l1_error(y, x)) / static_cast<Real>(x.size());
  }
  static Var judged(const Var& p, Real target) {
    return sum(squared_error(p, Tensor::full(p.shape(), target))) / static_cast<Real>(p.value().size());
  }
  void step() {
    const Tensor &a = xa(), &b = xb();
    Tensor fake_a, fake_b;
    {
      Tape tape;
      Frozen frozen_a(of_a), frozen_b(of_b);
      const Var fb = to_b(a), fa = to_a(b);
      const Var cycle = mean_l1(to_a(fb), a) + mean_l1(to_b(fa), b),
                same = mean_l1(to_b(b), b) + mean_l1(to_a(a), a);
      descend(adam_g, tape, 5 * same + judged(of_b(fb), 1) + judged(of_a(fa), 1) + 10 * cycle);
      fake_a = fa.value(), fake_b = fb.value();
    }
    Tape tape;
    const Var loss =
        judged(of_b(b), 1) + judged(of_b(fake_b), 0) + judged(of_a(a), 1) + judged(of_a(fake_a), 0);
    descend(adam_d, tape, Real(0.5) * loss);
  }
};

/// A diffusion's training step: the U-Net of 34_diffusion for 28 x 28 digits, 32 and 64 channels, batch 64.
struct UnetCase {
  Rng rng{1};
  Unet net{rng, {}};
  Adam adam{net.parameters()};
  NoiseSchedule schedule = cosine_schedule(200);
  Pool x{rng, {64, 28, 28, 1}, -1};
  void step() {
    std::vector<Index> times;
    for (int b = 0; b < 64; ++b) times.push_back(1 + static_cast<Index>(rng.below(200)));
    Tensor parts({64});
    for (Index b = 0; b < 64; ++b) parts[b] = static_cast<Real>(times[static_cast<std::size_t>(b)]) / 200;
    const Tensor noise = Tensor::randn({64, 28, 28, 1}, rng);
    Tape tape;
    descend(adam, tape, mean(prediction_loss(net(diffuse(x(), noise, times, schedule), parts), noise)));
  }
};

/// "conv2d,forward,64,64,16,128,4,2,1": one pass over B images of H x H x C with K windows of size x size,
/// stride, padding; the inner loop of all cases above.
struct ConvCase {
  explicit ConvCase(const std::string& description) {
    std::istringstream in(description);
    std::getline(in, pass, ',');
    Index stride = 1, padding = 0;
    for (Index* number : {&w.B, &w.C, &w.H, &w.K, &w.height, &stride, &padding}) in >> *number, in.ignore();
    w.W = w.H, w.width = w.height, w.stride = stride, w.padding = padding;
    x = framed(w, Tensor::randn({w.B, w.H, w.W, w.C}, rng));
    weights = Tensor::randn({w.K, w.height, w.width, w.C}, rng);
    y = convolve(w, x, weights);
  }
  Rng rng{1};
  std::string pass;
  Window w{};
  Tensor x, weights, y;
  void step() {
    if (pass == "forward") convolve(w, x, weights);
    if (pass == "input") convolve_back(w, y, weights);
    if (pass == "weights") convolve_weights(w, x, y);
  }
};

/// The processor's peak: multiply-adds on registers alone, 4.8 million vectors of them per thread.
struct PeakCase {
  Real sink = 0;
  void step() {
    Real total = 0;
#pragma omp parallel reduction(+ : total)
    {
      Vector sum[12];  // all distinct, or the compiler would compute only one
      for (int i = 0; i < 12; ++i) sum[i] = broadcast(static_cast<Real>(i));
      const Vector factor = broadcast(Real(0.999)), term = broadcast(Real(0.001));
      for (int i = 0; i < 400000; ++i)
#pragma GCC unroll 12
        for (Vector& s : sum) s = s * factor + term;
      for (const Vector& s : sum) total += s[0];
    }
    sink += total;
  }
};

}  // namespace

Index number_after(const std::string& prefix, const std::string& name) {
  if (!name.starts_with(prefix)) return 0;
  Index number = 0;
  std::istringstream(name.substr(prefix.size())) >> number;
  return number;
}

std::function<void()> picture_case(const std::string& name) {
  const auto stepper = [](auto object) { return [object] { object->step(); }; };
  if (name.starts_with("conv2d,")) return stepper(std::make_shared<ConvCase>(name.substr(7)));
  if (name == "peak") return stepper(std::make_shared<PeakCase>());
  if (name == "small_cnn") return stepper(std::make_shared<SmallCnnCase>());
  if (name == "conv_vae") return stepper(std::make_shared<ConvVaeCase>());
  if (name == "dcgan32")
    return stepper(std::make_shared<DcganCase>(64, 32, std::vector<Index>{64, 128, 256}, 1));
  if (const Index c = number_after("dcgan32_c", name))
    return stepper(std::make_shared<DcganCase>(64, 32, std::vector<Index>{c, 2 * c, 4 * c}, 1));
  if (name == "dcgan64")
    return stepper(std::make_shared<DcganCase>(32, 64, std::vector<Index>{64, 128, 256, 512}, 3));
  if (name == "dbvae64") return stepper(std::make_shared<DebiasingVaeCase>());
  if (name == "unet28") return stepper(std::make_shared<UnetCase>());
  if (name == "cyclegan64_b1") return stepper(std::make_shared<CycleganCase>(1));
  if (name == "cyclegan64_b4") return stepper(std::make_shared<CycleganCase>(4));
  return {};
}

double peak_flops() { return 2.0 * 12 * 400000 * static_cast<double>(lanes) * omp_get_max_threads(); }
