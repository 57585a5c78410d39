// Pairs of digits, one real and one generated, as a sheet and as a game in the browser.
//
// 6.S191 L4, "Which face is fake?"
#include <cmath>

#include "5_adversarial/dcgan.hpp"
#include "embedded/game_html.hpp"
#include "runner/page.hpp"

namespace gradus::lecture {

/// Pictures 2i and 2i + 1 are a pair of one class; `fake` gives the index of the generated one.
struct Pairs {
  Tensor pictures;        ///< [2 n, 28, 28, 1]
  std::vector<int> fake;  ///< n values, 0 or 1
};

/// Pairs every generated picture, without selection, with a real one that the judge assigns to the same
/// class. Throws Error when there are too few real ones of a class.
Pairs make_pairs(Judge& judge, const Tensor& generated, const Tensor& real, Rng& rng) {
  const std::vector<int> wanted = judge.classify(generated), there = judge.classify(real);
  Pairs out{Tensor({2 * generated.dim(0), 28, 28, 1}), {}};
  std::vector<bool> used(there.size());
  for (Index i = 0; i < generated.dim(0); ++i) {
    std::size_t match = 0;
    while (match < there.size() && (used[match] || there[match] != wanted[std::size_t(i)])) ++match;
    GRADUS_CHECK(match < there.size(), "make_pairs: no real ", wanted[std::size_t(i)], " is left among ",
                 there.size());
    used[match] = true;
    out.fake.push_back(static_cast<int>(rng.below(2)));
    out.pictures.row(2 * i + out.fake.back()).copy_from(generated.row(i));
    out.pictures.row(2 * i + 1 - out.fake.back()).copy_from(real.row(static_cast<Index>(match)));
  }
  return out;
}

/// Five pairs per row with gaps between them; with answers, a red frame marks the generated digit.
Tensor sheet(const Pairs& pairs, bool answers) {
  std::vector<Tensor> columns;
  const auto n = static_cast<Index>(pairs.fake.size());
  for (Index c = 0; c < std::min<Index>(5, n); ++c) {
    std::vector<Index> chosen;
    std::vector<CellFrame> frames;
    for (Index i = c; i < n; i += 5) {
      const Index cell = static_cast<Index>(chosen.size());
      if (answers) frames.push_back({cell + pairs.fake[std::size_t(i)], colors::red});
      chosen.insert(chosen.end(), {2 * i, 2 * i + 1});
    }
    columns.push_back(
        image_grid(pairs.pictures.gather(chosen), {.columns = 2, .scale = 3, .frames = frames}));
  }
  return hstack(columns, 18);
}

/// The page of the game, with all digits in one embedded picture, one below the other.
std::string game_page(Program& program, const Pairs& pairs, double machine) {
  const std::filesystem::path column = program.folder() / "column.png";
  write_png(column, pairs.pictures.reshape({pairs.pictures.dim(0) * 28, 28, 1}));
  std::string fake;
  for (const int which : pairs.fake) fake += (fake.empty() ? "[" : ",") + std::to_string(which);
  std::string out =
      page::filled(std::string(embedded::game_html), "DIGITS", page::base64(page::slurp(column)));
  std::filesystem::remove(column);
  out = page::filled(out, "MACHINE", std::to_string(std::lround(100 * machine)));
  return page::filled(out, "FAKE", fake + "]");
}

/// The pairs for the studio, and how often the nearest-neighbour test is right.
void write_pairs(const std::filesystem::path& file, const Pairs& pairs, double machine) {
  const std::vector<Real> fake(pairs.fake.begin(), pairs.fake.end());
  const Tensor which = Tensor::of({static_cast<Index>(fake.size())}, fake);
  write_safetensors(file, {{"pairs.pictures", pairs.pictures},
                           {"pairs.fake", which},
                           {"pairs.machine", Tensor::full({1}, static_cast<Real>(machine))}});
}

void fake_or_real(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  Dcgan gan(program, "dcgan", dcgan_recipe(program));
  load_or_train(program, gan, digits.train);
  Rng rng = program.rng.split("pairs");
  const auto [held_out, others] = halves(digits.test);
  const Index count = std::min(program.pick<Index>(2000, 4000, 200), others.size());
  const Tensor generated = gan.pictures(gan.noise(count, {}, rng));
  const Tensor real = held_out.take(count).images;
  program.figure("machine_finds", neighbour_test(judge.features(real), judge.features(generated)));
  program.figure("machine_finds_real_and_real",
                 neighbour_test(judge.features(real), judge.features(others.take(count).images)));
  const Pairs pairs = make_pairs(judge, generated.rows(0, program.pick<Index>(20, 20, 4)), real, rng);
  program.figure("pairs", static_cast<double>(pairs.fake.size()));
  write_pairs(program.folder() / "pairs.safetensors", pairs, program.figure("machine_finds"));
  program.page("game", game_page(program, pairs, program.figure("machine_finds")),
               "Play: which digit of each pair is generated?");
  program.picture("pairs", sheet(pairs, false), "Which digit of each pair is generated?");
  program.picture("answers", sheet(pairs, true), "The answers: a red frame marks the generated digit");
  program.headline(text("a nearest-neighbour test separates real from generated digits in ",
                        std::round(100 * program.figure("machine_finds")), " % of cases (real from real: ",
                        std::round(100 * program.figure("machine_finds_real_and_real")), " %)"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "37_fake_or_real",
                      .title = "Fake or real?",
                      .slide = "6.S191 L4, \"Which face is fake?\"",
                      .look = "Play the game first, then look at the answers. Generated digits seldom differ "
                              "in the edges of their strokes, mostly in their arrangement: a stroke that "
                              "leads nowhere, or a shape that is not a digit."},
                     fake_or_real);
}
