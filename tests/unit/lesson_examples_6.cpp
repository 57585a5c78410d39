// The numbers of the examples in the lesson of part 6.
#include "gradus/generative/spectrogram.hpp"
#include "lesson_examples.hpp"

using namespace gradus;

namespace {

Index whole(const ExampleArguments& a, const std::string& name) { return static_cast<Index>(a.number(name)); }

}  // namespace

const LessonExamples lesson_examples_6 = {
    {"32", "stft_magnitude(x, window, hop, frame, bin)",
     [](const ExampleArguments& a) {
       const Spectrum X = stft(a.list("x"), {.window = whole(a, "window"), .hop = whole(a, "hop")});
       return magnitude(X).at({whole(a, "frame"), whole(a, "bin")});
     }},
    {"32", "level(magnitude)", [](const ExampleArguments& a) { return decibels(a.list("magnitude"))[0]; }},
    {"32", "convergence(estimate, target)",
     [](const ExampleArguments& a) { return spectral_convergence(a.row("estimate"), a.row("target")); }},
};
