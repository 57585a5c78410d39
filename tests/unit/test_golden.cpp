// Values, gradients and optimizer steps compared with PyTorch's: tests/golden/ops.json and shapes.json,
// written by make_golden.py and make_shapes.py in the same folder.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "golden.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/generative/gan_losses.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/sequence.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"
#include "gradus/optim/optimizer.hpp"

using namespace gradus;
using nlohmann::json;

namespace {

const json& golden() {
  static const json all = read_golden("ops.json");
  return all;
}

Function unary(Var (*op)(const Var&)) {
  return [op](const Inputs& x, const json&) { return op(x[0]); };
}
Function binary(Var (*op)(const Var&, const Var&)) {
  return [op](const Inputs& x, const json&) { return op(x[0], x[1]); };
}

/// Every op by its name in the golden file.
Ops all_ops() {
  Ops ops{
      {"add", binary(add)},
      {"subtract", binary(subtract)},
      {"multiply", binary(multiply)},
      {"divide", binary(divide)},
      {"maximum", binary(maximum)},
      {"minimum", binary(minimum)},
      {"add_channels", binary(add_channels)},
      {"multiply_channels", binary(multiply_channels)},
      {"exp", unary(gradus::exp)},
      {"log", unary(gradus::log)},
      {"sqrt", unary(gradus::sqrt)},
      {"square", unary(square)},
      {"abs", unary(gradus::abs)},
      {"relu", unary(relu)},
      {"sigmoid", unary(sigmoid)},
      {"tanh", unary(gradus::tanh)},
      {"softplus", unary(softplus)},
      {"softmax", unary(softmax)},
      {"log_softmax", unary(log_softmax)},
      {"add_row", binary(add_row)},
      {"multiply_row", binary(multiply_row)},
      {"add_column", binary(add_column)},
      {"multiply_column", binary(multiply_column)},
      {"add_scalar", binary(add_scalar)},
      {"multiply_scalar", binary(multiply_scalar)},
      {"sum", unary(sum)},
      {"mean", unary(mean)},
      {"row_sums", unary(row_sums)},
      {"row_means", unary(row_means)},
      {"column_sums", unary(column_sums)},
      {"column_means", unary(column_means)},
      {"matmul", binary(matmul)},
      {"transpose", unary(transpose)},
      {"squared_error", binary(squared_error)},
      {"l1_error", binary(l1_error)},
      {"minimax_fake_loss", unary(minimax_fake_loss)},
      {"saturating_generator_loss", unary(saturating_generator_loss)},
      {"non_saturating_generator_loss", unary(non_saturating_generator_loss)},
      {"least_squares_real_loss", unary(least_squares_real_loss)},
      {"least_squares_fake_loss", unary(least_squares_fake_loss)},
      {"least_squares_generator_loss", unary(least_squares_generator_loss)},
  };
  ops["minimax_real_loss"] = [](const Inputs& x, const json& c) {
    return minimax_real_loss(x[0], c["label"]);
  };
  ops["affine"] = [](const Inputs& x, const json& c) { return affine(x[0], c["factor"], c["offset"]); };
  ops["clamp"] = [](const Inputs& x, const json& c) { return clamp(x[0], c["low"], c["high"]); };
  ops["leaky_relu"] = [](const Inputs& x, const json& c) { return leaky_relu(x[0], c["slope"]); };
  ops["linear"] = [](const Inputs& x, const json&) { return linear(x[0], x[1], x[2]); };
  ops["reshape"] = [](const Inputs& x, const json& c) { return reshape(x[0], shape_of(c["shape"])); };
  ops["concat"] = [](const Inputs& x, const json& c) { return concat(x, c["axis"].get<int>()); };
  ops["slice"] = [](const Inputs& x, const json& c) { return slice(x[0], c["axis"], c["begin"], c["end"]); };
  ops["bernoulli_nll"] = [](const Inputs& x, const json&) { return bernoulli_nll(x[0], x[1].value()); };
  ops["gaussian_nll"] = [](const Inputs& x, const json&) { return gaussian_nll(x[0], x[1], x[2].value()); };
  const auto pair = [](const json& c, const char* key) {  // 2, [2, 1], or 0 if missing
    const json value = c.value(key, json(0));
    return value.is_array() ? Pair(value[0].get<Index>(), value[1].get<Index>()) : Pair(value.get<Index>());
  };
  const auto places = [=](const json& c) {
    return ConvOptions{.stride = pair(c, "stride"),
                       .padding = pair(c, "padding"),
                       .output_padding = pair(c, "output_padding")};
  };
  ops["conv2d"] = [=](const Inputs& x, const json& c) { return conv2d(x[0], x[1], x[2], places(c)); };
  ops["conv_transpose2d"] = [=](const Inputs& x, const json& c) {
    return conv_transpose2d(x[0], x[1], x[2], places(c));
  };
  ops["batch_norm"] = [](const Inputs& x, const json&) {
    const Index C = x[0].dim(3);
    RunningStatistics running{Tensor::zeros({C}), Tensor::full({C}, 1)};
    return batch_norm(x[0], x[1], x[2], running);
  };
  ops["batch_norm_eval"] = [](const Inputs& x, const json&) {
    return batch_norm_eval(x[0], x[1], x[2], {x[3].value(), x[4].value()});
  };
  ops["instance_norm"] = [](const Inputs& x, const json&) { return instance_norm(x[0]); };
  ops["instance_norm_affine"] = [](const Inputs& x, const json&) { return instance_norm(x[0], x[1], x[2]); };
  ops["pixel_norm"] = [](const Inputs& x, const json&) { return pixel_norm(x[0]); };
  ops["layer_norm"] = [](const Inputs& x, const json&) { return layer_norm(x[0], x[1], x[2]); };
  ops["group_norm"] = [](const Inputs& x, const json& c) {
    return group_norm(x[0], c["groups"], x[1], x[2]);
  };
  ops["max_pool2d"] = [=](const Inputs& x, const json& c) {
    return max_pool2d(x[0], pair(c, "size"), pair(c, "stride"), pair(c, "padding"));
  };
  ops["average_pool2d"] = [=](const Inputs& x, const json& c) {
    return average_pool2d(x[0], pair(c, "size"), pair(c, "stride"), pair(c, "padding"));
  };
  ops["upsample_nearest"] = [](const Inputs& x, const json&) { return upsample_nearest(x[0], 2); };
  ops["reflection_pad2d"] = [](const Inputs& x, const json&) { return reflection_pad2d(x[0], 2); };
  ops["cross_entropy"] = [](const Inputs& x, const json& c) {
    return cross_entropy(x[0], c["labels"].get<std::vector<int>>());
  };
  const auto along = [](const json& c) {
    return Conv1dOptions{.stride = c["stride"],
                         .padding = c["padding"],
                         .output_padding = c.value("output_padding", Index{0})};
  };
  ops["conv1d"] = [=](const Inputs& x, const json& c) { return conv1d(x[0], x[1], x[2], along(c)); };
  ops["conv_transpose1d"] = [=](const Inputs& x, const json& c) {
    return conv_transpose1d(x[0], x[1], x[2], along(c));
  };
  ops["max_pool1d"] = [](const Inputs& x, const json& c) {
    return max_pool1d(x[0], c["size"], c["stride"], c["padding"]);
  };
  ops["average_pool1d"] = [](const Inputs& x, const json& c) {
    return average_pool1d(x[0], c["size"], c["stride"], c["padding"]);
  };
  ops["number_divided"] = [](const Inputs& x, const json& c) { return c["number"].get<Real>() / x[0]; };
  ops["pow"] = [](const Inputs& x, const json& c) { return pow(x[0], c["exponent"]); };
  ops["where"] = [](const Inputs& x, const json&) { return where(x[2].value(), x[0], x[1]); };
  ops["sum_axis"] = [](const Inputs& x, const json& c) { return sum(x[0], c["axis"].get<int>()); };
  ops["mean_axis"] = [](const Inputs& x, const json& c) { return mean(x[0], c["axis"].get<int>()); };
  ops["LayerNorm"] = [](const Inputs& x, const json& c) {
    struct Root : Module {
      using Module::Module;
    };
    Rng rng(1);
    Root root(rng);
    LayerNorm layer(root, "norm", shape_of(c["axes"]), {.epsilon = c["epsilon"], .affine = false});
    return layer(x[0]);
  };
  return ops;
}

/// Same as `hashed` of make_golden.py: odd multiples of 1/512 between low/256 and high/256.
Tensor hashed(const Shape& shape, std::uint32_t number, std::uint32_t which, int low = -512, int high = 512) {
  Tensor x(shape);
  for (Index i = 0; i < x.size(); ++i) {
    std::uint32_t h = static_cast<std::uint32_t>(i) * 0x9E3779B1u + (1000 * number + which) * 0x85EBCA6Bu;
    h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
    h = (h ^ (h >> 12)) * 0x297A2D39u;
    h ^= h >> 15;
    const int place = low + static_cast<int>(h % static_cast<std::uint32_t>(high - low));
    x[i] = static_cast<Real>(2 * place + 1) / 512;
  }
  return x;
}
/// [shape], or [shape, low, high]
Tensor hashed(const json& spec, std::uint32_t number, std::uint32_t which) {
  const Shape shape = shape_of(spec[0]);
  return spec.size() == 1 ? hashed(shape, number, which)
                          : hashed(shape, number, which, spec[1].get<int>(), spec[2].get<int>());
}

/// Two weighted sums of the numbers of x, tensor t of the case, equal those stored from `at` on, to 1e-5
/// of the sum of magnitudes and 1e-7 per number, the rounding error of cancelling terms of magnitude 1.
void check_sums(const std::string& what, const Tensor& x, std::uint32_t number, std::size_t t,
                const json& stored, std::size_t at) {
  for (std::size_t r = 0; r < 2; ++r) {
    const Tensor weights = hashed(x.shape(), number, static_cast<std::uint32_t>(200 + 2 * t + r));
    double sum = 0, added = 0.1 + 0.01 * static_cast<double>(x.size());
    for (Index i = 0; i < x.size(); ++i) {
      sum += double{x[i]} * double{weights[i]};
      added += std::abs(double{x[i]} * double{weights[i]});
    }
    const double expected = stored[at + r];
    if (!(std::abs(sum - expected) <= 1e-5 * added))
      FAIL_CHECK(what << ", case " << number << ", tensor " << t << ' ' << x.shape().str() << ", sum " << r
                      << ": " << sum << ", PyTorch has " << expected);
  }
}

/// Tensor t of the case: all numbers of a short tensor, two sums of a long one.
void check_result(const std::string& what, const Tensor& x, std::uint32_t number, std::size_t t,
                  const json& expected, double least) {
  if (expected.contains("data")) return check_close(what, x, expected, least);
  REQUIRE(x.shape() == shape_of(expected["shape"]));
  check_sums(what, x, number, t, expected["sums"], 0);
}

std::vector<Parameter*> handles(const Parameters& parameters) {
  std::vector<Parameter*> out;
  for (const auto& parameter : parameters) out.push_back(parameter.get());
  return out;
}

template <class Optimizer>
void check_steps(const json& run, Parameters& parameters, Optimizer optimizer) {
  const Real limit = run["limit"];
  int number = 0;
  for (const json& step : run["steps"]) {
    const std::string what = run["optimizer"].get<std::string>() + run["options"].dump() + ", step " +
                             std::to_string(++number) + ", limit " + run["limit"].dump();
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i]->grad = tensor(step["grads"][i]);
    CHECK(gradient_norm(handles(parameters)) == doctest::Approx(step["norm"].get<double>()).epsilon(1e-5));
    if (limit > 0) clip_gradient_norm(handles(parameters), limit);
    optimizer.step();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      check_close(what, parameters[i]->value, step["values"][i]);
  }
}

}  // namespace

TEST_CASE("every op agrees with PyTorch, forward and backward") {
  check_cases(
      golden()["cases"], all_ops(),
      [](const json& c, const std::string& what, const Tensor& x, std::size_t t, const json& expected) {
        const double least = what.starts_with("conv") ? 1 : 0.1;  // sums of many numbers of magnitude 1
        const auto number = c.value("case", std::uint32_t{0});    // seeds the weights of the sums
        check_result(what, x, number, t, expected, least);
      });
}

TEST_CASE("every op agrees with PyTorch on forty random shapes per family") {
  const auto ops = all_ops();
  const json all = read_golden("shapes.json");
  std::map<std::string, int> seen;
  std::uint32_t number = 0;
  for (const json& c : all["cases"]) {
    for (std::size_t o = 0; o < c["ops"].size(); ++o) {
      const std::string name = c["ops"][o];
      ++seen[name];
      Parameters parameters;
      Tape tape;
      Inputs inputs;
      std::uint32_t which = 0;
      for (const json& spec : c["inputs"]) {
        parameters.push_back(std::make_unique<Parameter>(hashed(spec, number, which++)));
        inputs.emplace_back(*parameters.back());
      }
      for (const json& spec : c.value("constants", json::array()))
        inputs.emplace_back(hashed(spec, number, which++));
      const Var y = ops.at(name)(inputs, c);
      check_sums(name, y.value(), number, 0, c["values"][o], 0);
      tape.backward(sum(y * Var(hashed(y.shape(), number, 100))));
      for (std::size_t i = 0; i < parameters.size(); ++i)
        check_sums(name, parameters[i]->grad, number, i + 1, c["values"][o], 2 * (i + 1));
    }
    ++number;
  }
  int fewest = 40;
  for (const auto& [name, count] : seen) fewest = std::min(fewest, count);
  CHECK(fewest >= 40);
  CHECK(seen.size() == 60);
}

TEST_CASE("optimizers take PyTorch's steps") {
  int runs = 0;
  for (const json& run : golden()["optimizers"]) {
    ++runs;
    const std::string name = run["optimizer"];
    const json& o = run["options"];
    const auto option = [&](const char* key, Real usual) { return o.value(key, usual); };
    Parameters parameters = parameters_from(run["start"]);
    const Real lr = o["lr"];
    if (name == "Sgd") {
      check_steps(run, parameters, Sgd(handles(parameters), {.lr = lr, .momentum = option("momentum", 0)}));
    } else {
      REQUIRE(name == "Adam");
      const Adam::Options usual;
      check_steps(run, parameters,
                  Adam(handles(parameters), {.lr = lr,
                                             .beta1 = option("beta1", usual.beta1),
                                             .beta2 = option("beta2", usual.beta2),
                                             .eps = option("eps", usual.eps),
                                             .decoupled_weight_decay = option("decoupled_weight_decay", 0)}));
    }
  }
  CHECK(runs == 10);
}

TEST_CASE("five training steps end where PyTorch's end") {
  const json& run = golden()["training"];
  const Parameters p = parameters_from(run["start"]);
  const Tensor x = tensor(run["x"]);
  Adam adam(handles(p), {.lr = Real(0.0625)});
  for (const json& expected : run["losses"]) {
    Tape tape;
    const Var logits = linear(tanh(linear(x, *p[0], *p[1])), *p[2], *p[3]);
    const Var loss = mean(bernoulli_nll(logits, x));
    CHECK(loss.item() == doctest::Approx(expected.get<double>()).epsilon(1e-5));
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
  }
  for (std::size_t i = 0; i < p.size(); ++i)
    check_close("parameter " + std::to_string(i), p[i]->value, run["end"][i]);
}
