#include <functional>

#include "../calls.hpp"
#include "gan_game.hpp"
#include "gradus/generative/with_label.hpp"
#include "gradus/nn/ema.hpp"

namespace gradus::grade {

std::vector<Call> calls_08() {
  return {
      {"discriminator_step", [](const Tensors& in) { return discriminator_game(in, discriminator_step); }},
      {"discriminator_step.by_hand",
       [](const Tensors& in) { return discriminator_by_hand(in, discriminator_step); }},
      {"discriminator_step.tapes",
       [](const Tensors& in) { return discriminator_tapes(in, discriminator_step); }},
      {"generator_step", [](const Tensors& in) { return generator_game(in, generator_step); }},
      {"generator_step.by_hand", [](const Tensors& in) { return generator_by_hand(in, generator_step); }},
      {"with_label", [](const Tensors& in) { return labelled(in, with_label); }},
      {"ema.update",
       [](const Tensors& in) {
         return averaged(in, [](Module& module, Real decay, const std::function<void(int)>& learn) {
           Ema ema(module, decay);
           const State averages = ema.state();  // handles, as in a checkpoint
           for (int step = 0; step < 3; ++step) {
             learn(step);
             ema.update();
           }
           return averages;
         });
       }},
  };
}

}  // namespace gradus::grade
