// The numbers of the examples in the lesson of part 5.
#include "5_adversarial/progressive.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/norm.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

/// (w z - x)^2 and its gradient with respect to z.
struct Searched {
  explicit Searched(const ExampleArguments& a) {
    Tape tape;
    const Var z = tape.watch(a.row("z"));
    const Var loss = sum(squared_error(linear(z, a.row("w"), Tensor::zeros({1})), a.row("x")));
    tape.backward(loss);
    error = loss.item(), gradient = tape.grad(z).item();
  }
  double error, gradient;
};

}  // namespace

const LessonExamples lesson_examples_5 = {
    {"27", "error(z, w, x)", [](const ExampleArguments& a) { return Searched(a).error; }},
    {"27", "gradient(z, w, x)", [](const ExampleArguments& a) { return Searched(a).gradient; }},
    {"28", "fade(old, new, alpha)",
     [](const ExampleArguments& a) -> double {
       return lecture::blended(a.row("old"), a.row("new"), static_cast<Real>(a.number("alpha"))).item();
     }},
    {"28", "pixel_norm(features)",
     [](const ExampleArguments& a) -> double { return pixel_norm(a.row("features")).value()[0]; }},
    {"28", "deviation(pictures)", [](const ExampleArguments& a) -> double {
       const Tensor pictures = a.list("pictures");
       return minibatch_deviation(pictures.reshape({pictures.size(), 1, 1, 1}), pictures.size()).value()[1];
     }}};
