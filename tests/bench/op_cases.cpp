#include "op_cases.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "gradus/base/fast_math.hpp"
#include "gradus/gradus.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace {

using namespace gradus;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// One op: a call, and what its passes compute besides sums and products of single numbers.
struct OpCase {
  std::string name;
  std::function<Var()> run;
  std::string forward_function{}, backward_function{};  ///< per number
  double forward_flops = 0, backward_flops = 0;         ///< of matrix products and convolutions
};

/// The inputs: rows [128, 784] as in the MLPs, pictures [32, 16, 16, 64], sequences.
struct Inputs {
  static constexpr Index B = 128, D = 784, O = 400;
  Rng rng{1};
  Parameter a = normal({B, D}), b = normal({B, D}), positive{Tensor::uniform({B, D}, rng)};
  Parameter row = normal({D}), column = normal({B}), scalar = normal({1});
  Parameter w = normal({O, D}), bias = normal({O});
  Parameter picture = normal({32, 16, 16, 64}), gamma = normal({64}), beta = normal({64}),
            channels = normal({32, 64});
  Parameter w3 = normal({64, 3, 3, 64}), w4 = normal({128, 4, 4, 64}), back4 = normal({64, 4, 4, 32});
  Parameter many = normal({32, 64, 64}), table = normal({1000, 64});
  Tensor target = Tensor::uniform({B, D}, rng), noise = Tensor::randn({B, D}, rng), mask{{D}};
  std::vector<int> labels, rows;
  RunningStatistics running{Tensor::zeros({64}), Tensor::full({64}, 1)};

  Inputs() {
    for (Index k = 0; k < D; ++k) mask[k] = static_cast<Real>(k % 2);
    for (int n = 0; n < B; ++n) labels.push_back(n % 10);
    for (int n = 0; n < 2000; ++n) rows.push_back(n * 7 % 1000);
  }
  Parameter normal(const Shape& shape) { return Parameter(Tensor::randn(shape, rng)); }
};

/// Collects the cases.
class OpCases {
 public:
  OpCases() {
    elementwise();
    rows_and_shapes();
    losses();
    pictures();
    products();
  }
  std::vector<OpCase> all;

 private:
  using I = Inputs;
  template <class Call>
  void add(const char* name, Call call, const char* forward = "", const char* backward = "") {
    all.push_back({name, [in = in_, call] { return call(*in); }, forward, backward});
  }
  template <class Call>
  void product(const char* name, double flops, Call call) {
    add(name, call);
    all.back().forward_flops = flops, all.back().backward_flops = 2 * flops;
  }
  void elementwise() {
    add("add", [](I& i) { return Var(i.a) + Var(i.b); });
    add("multiply", [](I& i) { return Var(i.a) * Var(i.b); });
    add("divide", [](I& i) { return Var(i.a) / Var(i.positive); });
    add("affine", [](I& i) { return affine(i.a, 2, 1); });
    add("square", [](I& i) { return square(i.a); });
    add("sqrt", [](I& i) { return sqrt(i.positive); });
    add("abs", [](I& i) { return abs(i.a); });
    add("clamp", [](I& i) { return clamp(i.a, -1, 1); });
    add("maximum", [](I& i) { return maximum(i.a, i.b); });
    add("where", [](I& i) { return where(i.target, i.a, i.b); });
    add(
        "exp", [](I& i) { return exp(i.a); }, "exp");
    add(
        "log", [](I& i) { return log(i.positive); }, "log");
    add("relu", [](I& i) { return relu(i.a); });
    add("leaky_relu", [](I& i) { return leaky_relu(i.a); });
    add(
        "sigmoid", [](I& i) { return sigmoid(i.a); }, "sigmoid");
    add(
        "tanh", [](I& i) { return tanh(Var(i.a)); }, "tanh");
    add(
        "softplus", [](I& i) { return softplus(i.a); }, "softplus", "sigmoid");
    add(
        "silu", [](I& i) { return silu(i.a); }, "sigmoid", "sigmoid");
  }
  void rows_and_shapes() {
    add(
        "softmax", [](I& i) { return softmax(i.a); }, "exp");
    add(
        "log_softmax", [](I& i) { return log_softmax(i.a); }, "exp", "exp");
    add("dropout", [](I& i) { return dropout(i.a, Real(0.5), i.rng); });
    add("add_row", [](I& i) { return add_row(i.a, i.row); });
    add("multiply_row", [](I& i) { return multiply_row(i.a, i.row); });
    add("multiply_column", [](I& i) { return multiply_column(i.a, i.column); });
    add("multiply_scalar", [](I& i) { return multiply_scalar(i.a, i.scalar); });
    add("multiply_channels", [](I& i) { return multiply_channels(i.picture, i.channels); });
    add("sum", [](I& i) { return sum(i.a); });
    add("row_sums", [](I& i) { return row_sums(i.a); });
    add("column_sums", [](I& i) { return column_sums(i.a); });
    add("max", [](I& i) { return max(i.a, 1); });
    add(
        "log_sum_exp", [](I& i) { return log_sum_exp(i.a); }, "exp");
    add("transpose", [](I& i) { return transpose(i.a); });
    add("concat", [](I& i) { return concat({Var(i.a), Var(i.b)}, 1); });
    add("slice", [](I& i) { return slice(i.a, 1, 0, 392); });
    add("gather", [](I& i) { return gather(i.table, i.rows); });
  }
  void losses() {
    add("squared_error", [](I& i) { return squared_error(i.a, Var(i.target)); });
    add("l1_error", [](I& i) { return l1_error(i.a, Var(i.target)); });
    add(
        "bernoulli_nll", [](I& i) { return bernoulli_nll(i.a, i.target); }, "softplus", "sigmoid");
    add(
        "cross_entropy", [](I& i) { return cross_entropy(i.a, i.labels); }, "exp");
    add(
        "gaussian_nll", [](I& i) { return gaussian_nll(i.a, i.b, i.target); }, "exp", "exp");
    add(
        "gaussian_kl", [](I& i) { return gaussian_kl(i.a, i.b); }, "exp", "exp");
    add(
        "reparameterize", [](I& i) { return reparameterize(i.a, i.b, i.noise); }, "exp", "exp");
    add(
        "affine_coupling", [](I& i) { return affine_coupling(i.mask, i.a, i.b, i.positive); }, "exp", "exp");
    add("prediction_loss", [](I& i) { return prediction_loss(i.a, Var(i.target)); });
  }
  void pictures() {
    add("batch_norm", [](I& i) { return batch_norm(i.picture, i.gamma, i.beta, i.running); });
    add("instance_norm", [](I& i) { return instance_norm(i.picture); });
    add("group_norm", [](I& i) { return group_norm(i.picture, 8); });
    add("layer_norm", [](I& i) { return layer_norm(i.picture); });
    add("pixel_norm", [](I& i) { return pixel_norm(i.picture); });
    add("minibatch_deviation", [](I& i) { return minibatch_deviation(i.picture); });
    add("max_pool2d", [](I& i) { return max_pool2d(i.picture, 2); });
    add("average_pool2d", [](I& i) { return average_pool2d(i.picture, 2); });
    add("upsample_nearest", [](I& i) { return upsample_nearest(i.picture); });
    add("reflection_pad2d", [](I& i) { return reflection_pad2d(i.picture, 1); });
  }
  void products() {
    product("linear", 2.0 * I::B * I::D * I::O, [](I& i) { return linear(i.a, i.w, i.bias); });
    product("batched_matmul", 2.0 * 32 * 64 * 64 * 64, [](I& i) { return batched_matmul(i.many, i.many); });
    product("conv2d_3x3", 2.0 * 32 * 256 * 9 * 64 * 64,
            [](I& i) { return conv2d(i.picture, i.w3, {.padding = 1}); });
    product("conv2d_4x4_stride2", 2.0 * 32 * 64 * 16 * 64 * 128,
            [](I& i) { return conv2d(i.picture, i.w4, {.stride = 2, .padding = 1}); });
    product("conv_transpose2d_4x4_stride2", 2.0 * 32 * 256 * 16 * 64 * 32,
            [](I& i) { return conv_transpose2d(i.picture, i.back4, {.stride = 2, .padding = 1}); });
  }
  std::shared_ptr<Inputs> in_ = std::make_shared<Inputs>();
};

double milliseconds(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

/// The median time of a call, over the given seconds.
double median_ms(double seconds, const std::function<void()>& call) {
  call();
  std::vector<double> times;
  for (const auto start = Clock::now(); times.size() < 5 || milliseconds(start) < 1e3 * seconds;) {
    const auto before = Clock::now();
    call();
    times.push_back(milliseconds(before));
  }
  return median(times);
}

constexpr double word = sizeof(Real);

/// Runs both passes; the tape measures those of the op, which is its last step before the mean.
Json measured(const OpCase& op, double seconds) {
  std::vector<double> forward, backward;
  double numbers = 0, forward_bytes = 0, backward_bytes = 0;
  for (const auto start = Clock::now(); forward.size() < 8 || milliseconds(start) < 1e3 * seconds;) {
    Tape tape;
    const Var y = op.run();
    const std::size_t last = tape.steps().size() - 1;
    const Var loss = mean(y);
    const Step& step = tape.steps()[last];
    const auto out = static_cast<double>(step.shape.size());
    forward_bytes = word * out, backward_bytes = word * out, numbers = out;
    std::set<int> saved;  // -1: the output
    for (const Saved& one : step.saved) saved.insert(one.input);
    for (const int i : saved)
      backward_bytes +=
          word * static_cast<double>(i < 0 ? step.shape.size() : step.input_shapes[std::size_t(i)].size());
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      const auto size = static_cast<double>(step.input_shapes[i].size());
      forward_bytes += word * size;
      if (step.inputs[i] >= 0) backward_bytes += word * size;
      numbers = std::max(numbers, size);
    }
    tape.backward(loss);
    forward.push_back(tape.steps()[last].forward_ms);
    backward.push_back(tape.steps()[last].backward_ms);
  }
  const auto pass = [](const std::vector<double>& times, double bytes, double flops,
                       const std::string& function) {
    return Json{{"ms", median({times.begin() + 3, times.end()})},
                {"bytes", bytes},
                {"flops", flops},
                {"function", function}};
  };
  return {{"case", "op," + op.name},
          {"numbers", numbers},
          {"forward", pass(forward, forward_bytes, op.forward_flops, op.forward_function)},
          {"backward", pass(backward, backward_bytes, op.backward_flops, op.backward_function)}};
}

/// A step of Adam over 200,000 numbers: reads value, gradient and both averages, writes three of them.
Json adam_step(double seconds) {
  constexpr Index N = 200'000;
  Parameter p(Tensor::full({N}, 1));
  p.grad = Tensor::full({N}, Real(0.01));
  Adam adam({&p});
  return {{"case", "op,adam"},
          {"numbers", double{N}},
          {"forward",
           {{"ms", median_ms(seconds, [&] { adam.step(); })},
            {"bytes", 7 * word * N},
            {"flops", 0},
            {"function", ""}}}};
}

/// Reads half of the bytes and writes the other half, on all threads.
double copy_ms(double bytes, double seconds) {
  const auto n = std::max<Index>(1, static_cast<Index>(bytes / 2 / word));
  const Tensor from = Tensor::full({n}, 1);
  Tensor to({n});
  return median_ms(seconds, [&] { map(n, from.data(), to.data(), [](Real v) { return v * Real(1.5); }); });
}

template <class F>
void apply(const Real* x, Real* y, F f) {
#pragma omp simd
  for (Index i = 0; i < 1000; ++i) y[i] = f(x[i]);
}

/// A million values, from arrays that stay in the first level of the cache, on all threads.
double function_ms(const std::string& name, double seconds) {
  static const std::map<std::string, void (*)(const Real*, Real*)> functions = {
      {"exp", [](const Real* x, Real* y) { apply(x, y, [](Real v) { return fast_exp(v); }); }},
      {"log", [](const Real* x, Real* y) { apply(x, y, [](Real v) { return fast_log(v); }); }},
      {"sigmoid", [](const Real* x, Real* y) { apply(x, y, [](Real v) { return fast_sigmoid(v); }); }},
      {"tanh", [](const Real* x, Real* y) { apply(x, y, [](Real v) { return fast_tanh(v); }); }},
      {"softplus", [](const Real* x, Real* y) { apply(x, y, [](Real v) { return fast_softplus(v); }); }}};
  const auto found = functions.find(name);
  if (found == functions.end()) return 0;
  return median_ms(seconds, [&] {
#pragma omp parallel
    {
      Real x[1000], y[1000];
      for (Index i = 0; i < 1000; ++i) x[i] = static_cast<Real>(i) / 500;
#pragma omp for schedule(static)
      for (int round = 0; round < 1000; ++round) {
        found->second(x, y);
        x[0] = y[0] * Real(0.001);
      }
    }
  });
}

}  // namespace

std::string op_answer(const std::string& name, double seconds) {
  static const std::vector<OpCase> cases = OpCases().all;
  const std::size_t comma = name.find(',');
  const std::string kind = name.substr(0, comma), rest = comma == name.npos ? "" : name.substr(comma + 1);
  if (name == "ops") {
    Json names = Json::array();
    for (const OpCase& op : cases) names.push_back(op.name);
    names.push_back("adam");
    return Json{{"case", name}, {"ops", names}}.dump();
  }
  if (kind == "copy") return Json{{"case", name}, {"ms_median", copy_ms(std::stod(rest), seconds)}}.dump();
  if (kind == "function") return Json{{"case", name}, {"ms_median", function_ms(rest, seconds)}}.dump();
  if (name == "op,adam") return adam_step(seconds).dump();
  for (const OpCase& op : cases)
    if (kind == "op" && op.name == rest) return measured(op, seconds).dump();
  return "";
}
