// Panel 7, "Which is fake?": the random numbers of its rounds; latent.cpp decodes the codes.
#include "answer.hpp"

namespace gradus::studio {

/// A code of N(0, I) per round, [rounds, K].
extern "C" EMSCRIPTEN_KEEPALIVE const Answer* fake_codes(int seed, int rounds, int K) {
  return answer([&] {
    Rng rng = Rng(static_cast<std::uint64_t>(seed)).split("codes");
    return Tensor::randn({rounds, K}, rng);
  });
}

/// The side of the generated picture per round: 0 left, 1 right.
extern "C" EMSCRIPTEN_KEEPALIVE const Answer* fake_sides(int seed, int rounds) {
  return answer([&] {
    Rng rng = Rng(static_cast<std::uint64_t>(seed)).split("sides");
    std::vector<float> sides;
    for (int i = 0; i < rounds; ++i) sides.push_back(static_cast<float>(rng.below(2)));
    return sides;
  });
}

}  // namespace gradus::studio
