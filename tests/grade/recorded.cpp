#include "recorded.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "compare.hpp"
#include "diagnosis.hpp"
#include "grading.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

using Json = nlohmann::json;

/// Numbers as the sixteen hexadecimal digits of their bits, including NaN and infinity, without rounding.
Json packed(const Tensors& tensors) {
  Packer out;
  out.tensors(tensors);
  std::string text;
  constexpr const char* digits = "0123456789abcdef";
  for (const unsigned char byte : out.bytes) text += digits[byte >> 4], text += digits[byte & 15];
  return text;
}

Tensors unpacked(const std::string& text) {
  const auto digit = [](char letter) {
    return static_cast<unsigned char>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
  };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<unsigned char>(digit(text[i]) << 4 | digit(text[i + 1])));
  Unpacker in(bytes);
  Tensors tensors = in.tensors();
  in.end();
  return tensors;
}

/// The text of packed tensors, which stay packed until they are asked for: there are thousands of them.
/// Throws Error when it is damaged.
std::string checked(const Json& json) {
  std::string text = json.get<std::string>();
  unpacked(text);
  return text;
}

/// Rounds the inputs to float, whose bits are half zeros and compress well.
/// Numbers that would become zero or infinity are kept, since they would change the case.
Tensors rounded(const Tensors& inputs) {
  Tensors out;
  for (const Tensor& input : inputs) {
    Tensor one = input ? input.clone() : Tensor();
    for (Index i = 0; one && i < one.size(); ++i) {
      const auto near = static_cast<float>(one[i]);
      if (std::isnormal(near)) one[i] = near;
    }
    out.push_back(one);
  }
  return out;
}

}  // namespace

std::string record_checks(const std::vector<Exercise>& exercises, int draws) {
  Json all = Json::object();
  for (const Exercise& exercise : exercises) {
    Json list = Json::array();
    for (const Check& check : checks_of(exercise.number)) {
      Json sets = Json::array();
      for (int draw = 0; draw < draws; ++draw) {
        const std::vector<Tensors> inputs =
            draw_cases(check, 0x6772616475 + static_cast<std::uint64_t>(draw));
        const std::vector<std::size_t> compared = compared_cases(inputs);
        Json cases = Json::array();
        for (std::size_t c = 0; c < inputs.size(); ++c) {
          const bool large = std::find(compared.begin(), compared.end(), c) == compared.end();
          if (large && draw > 0) {  // the large case of the first draw suffices
            cases.push_back(0);
            continue;
          }
          Json wrong = Json::array();
          for (const Mistake& mistake : check.mistakes) {
            const auto answer = large ? std::nullopt : answer_of(mistake.run, inputs[c]);
            wrong.push_back(answer ? packed(*answer) : Json());
          }
          const Tensors asked = large ? rounded(inputs[c]) : inputs[c];
          cases.push_back(
              {{"in", packed(asked)}, {"out", packed(call_named(check.call)(asked))}, {"wrong", wrong}});
        }
        sets.push_back(cases);
      }
      Json mistakes = Json::array();
      for (const Mistake& mistake : check.mistakes)
        mistakes.push_back({{"id", mistake.id}, {"sentence", mistake.sentence}});
      list.push_back({{"todo", check.todo},
                      {"title", check.title},
                      {"points", check.points},
                      {"call", check.call},
                      {"cases", sets[0].size()},
                      {"inputs", check.inputs},
                      {"outputs", check.outputs},
                      {"differentiates", check.differentiates},
                      {"tolerance", check.tolerance},
                      {"mistakes", mistakes},
                      {"sets", sets}});
    }
    all[std::to_string(exercise.number)] = list;
  }
  return all.dump();
}

std::map<int, std::vector<Check>> recorded_checks(const std::string& text) {
  std::map<int, std::vector<Check>> all;
  const Json root = Json::parse(text);
  for (const auto& [number, list] : root.items())
    for (const Json& entry : list) {
      Check check;
      check.todo = entry.at("todo").get<std::string>();
      check.title = entry.at("title").get<std::string>();
      check.points = entry.at("points").get<int>();
      check.call = entry.at("call").get<std::string>();
      check.cases = entry.at("cases").get<int>();
      check.twin = false;  // the recorded cases include it
      check.inputs = entry.at("inputs").get<std::vector<std::string>>();
      check.outputs = entry.at("outputs").get<std::vector<std::string>>();
      check.differentiates = entry.at("differentiates").get<std::string>();
      check.tolerance = entry.at("tolerance").get<double>();
      struct Table {
        std::vector<std::vector<std::string>> inputs;  // [set][case], packed
        std::map<std::string, std::vector<std::optional<std::string>>>
            answers;  // by the inputs, packed: the right answer, then those of the mistakes
      };
      const auto table = std::make_shared<Table>();
      for (const Json& set : entry.at("sets")) {
        GRADUS_CHECK(!set.empty(), "the recorded check of ", check.todo, " has a set without cases");
        table->inputs.emplace_back();
        for (std::size_t c = 0; c < set.size(); ++c) {
          const Json& one = set[c].is_number() ? entry.at("sets").at(0).at(c) : set[c];
          table->inputs.back().push_back(checked(one.at("in")));
          auto& answers = table->answers[table->inputs.back().back()];
          answers = {checked(one.at("out"))};
          for (const Json& wrong : one.at("wrong"))
            answers.push_back(wrong.is_null() ? std::nullopt : std::optional(checked(wrong)));
        }
      }
      // All cases of a run come from one set: the set's number is a fixed function of the generator's seed.
      check.draw = [table](Rng& rng, int which) {
        const std::size_t set = rng.seed() % table->inputs.size();
        const std::vector<std::string>& cases = table->inputs[set];
        // A set whose last two cases were drawn alike has one case less: the last one is asked again.
        return unpacked(cases[std::min(static_cast<std::size_t>(which), cases.size() - 1)]);
      };
      const auto answer = [table](std::size_t which) {
        return [table, which](const Tensors& inputs) -> Tensors {
          const auto found = table->answers.find(packed(inputs).get<std::string>());
          if (found == table->answers.end() || !found->second[which]) throw Error("not recorded");
          return unpacked(*found->second[which]);
        };
      };
      check.answer = answer(0);
      for (const Json& mistake : entry.at("mistakes"))
        check.mistakes.push_back({mistake.at("id").get<std::string>(),
                                  mistake.at("sentence").get<std::string>(),
                                  answer(check.mistakes.size() + 1)});
      all[std::stoi(number)].push_back(std::move(check));
    }
  return all;
}

}  // namespace gradus::grade
