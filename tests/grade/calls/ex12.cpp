#include <memory>

#include "cycle_game.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "kept.hpp"

namespace gradus::grade {

std::vector<Call> calls_12() {
  return with_inputs_kept({
      {"cycle_loss", [](const Tensors& in) -> Tensors { return {CycleLoss{}.forward(in[0], in[1])}; }},
      {"cycle_loss.backward",
       [](const Tensors& in) -> Tensors {
         return {CycleLoss{.returned = in[0], .x = in[1]}.backward(in[2])[0]};
       }},
      {"cycle_loss.constant",
       [](const Tensors& in) -> Tensors {
         return {CycleLoss{.returned = in[0], .x = in[1]}.backward(in[2])[1]};
       }},
      {"image_pool",
       [](const Tensors& in) {
         return pool_game(in,
                          [](Index capacity, const Shape& example, Rng rng, std::function<State()>& state) {
                            const auto pool = std::make_shared<ImagePool>(example, rng, capacity);
                            state = [pool] { return pool->state(); };
                            return [pool](const Tensor& fakes) { return pool->draw(fakes); };
                          });
       }},
      {"cycle_generator_step", [](const Tensors& in) { return translator_game(in, cycle_generator_step); }},
      {"cycle_discriminator_step",
       [](const Tensors& in) { return judge_game(in, cycle_discriminator_step); }},
  });
}

}  // namespace gradus::grade
