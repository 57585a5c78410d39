// Display of a tape: the table of print, and the graph.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gradus/autograd/graph.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "helpers.hpp"

using namespace gradus;

TEST_CASE("print: one row per step") {
  Parameter p(Tensor::zeros({2, 3}));
  Tape tape;
  const std::vector<Var> many(40, square(p));  // long rows are not wrapped
  const Var loss = sum(concat(many, 1) + Tensor::zeros({2, 120}));
  tape.backward(loss);
  std::ostringstream out;
  tape.print(out);
  std::vector<std::string> lines;
  std::istringstream in(out.str());
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  REQUIRE(lines.size() == tape.steps().size() + 2);
  CHECK(contains(lines[0], {"step", "op", "output", "inputs", "bytes", "ms"}));
  for (std::size_t s = 0; s < tape.steps().size(); ++s) {
    const Step& step = tape.steps()[s];
    CHECK(contains(lines[s + 1], {std::string(step.op).c_str(), step.shape.str().c_str(),
                                  std::to_string(step.shape.size() * Index{sizeof(Real)}).c_str()}));
  }
  CHECK(contains(lines[4], {"Add", "#2[2, 120]", "const[2, 120]"}));
  CHECK(contains(lines.back(), {"total"}));
}

TEST_CASE("to_dot: one node per step, one edge per input") {
  Rng rng(1);
  struct Model : Module {
    Linear layer{*this, "layer", 3, 2};
    using Module::Module;
  } model(rng);
  Tape tape;
  const Var loss = mean(squared_error(relu(model.layer(Tensor::zeros({4, 3}))), Tensor::zeros({4, 2})));
  const std::string dot = to_dot(tape, [&](const Parameter& p) { return "\"" + model.name_of(p) + "\\"; });
  CHECK(contains(dot, {"digraph", "layer.w", "layer.b", "LinearOp", "Relu", "SquaredError", "mean", "[4, 2]",
                       "constant\\n[4, 3]", "constant\\n[4, 2]"}));
  CHECK(contains(dot, {"label=\"\\\"layer.w\\\\\\n[2, 3]\""}));  // quotes and backslashes are escaped
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (auto at = dot.find(what); at != dot.npos; at = dot.find(what, at + 1)) ++found;
    return found;
  };
  CHECK(count("{") == count("}"));
  CHECK(count("[label=") == tape.steps().size() + 2);  // plus two constants
  CHECK(count(" -> ") == 7);                           // linear 3, relu 1, error 2, sum 1
  CHECK(count("\"") % 2 == 0);
  CHECK(contains(to_dot(tape), {"parameter\\n[2, 3]"}));
  CHECK(loss.tracked());
}

TEST_CASE("draw_tape writes the graph and, with Graphviz, its picture") {
  const auto folder = std::filesystem::temp_directory_path() / "gradus it's a test";
  std::filesystem::remove_all(folder);
  Parameter p(Tensor::zeros({2, 3}));
  Tape tape;
  const Var loss = sum(square(p));
  const bool drawn = draw_tape(tape, folder / "deep" / "tape");
  std::ifstream dot(folder / "deep" / "tape.dot");
  std::stringstream text;
  text << dot.rdbuf();
  CHECK(text.str() == to_dot(tape));
  CHECK(drawn == (std::system("command -v dot > /dev/null 2>&1") == 0));
  if (drawn) {
    std::ifstream svg(folder / "deep" / "tape.svg");
    std::stringstream picture;
    picture << svg.rdbuf();
    CHECK(contains(picture.str(), {"<svg", "Square", "</svg>"}));
  } else {
    MESSAGE("SKIPPED: Graphviz is not installed, no picture to look at");
  }
  std::filesystem::create_directories(folder / "blocked.dot");
  CHECK(contains(message([&] { draw_tape(tape, folder / "blocked"); }), {"draw_tape", "cannot write"}));
  std::filesystem::remove_all(folder);
  CHECK(loss.tracked());
}
