// Kinds of learning: digits with labels, digits without, and text, whose labels are made of the text itself.
// DS542, "Kinds of Learning", "Unsupervised Learning -> Supervised Learning?", "Latent Variables"
#include <algorithm>
#include <cmath>
#include <numeric>

#include "1_learning/text_pairs.hpp"
#include "support/inference.hpp"
#include "support/judge.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// Labels: learn the map x -> y from pairs. Returns the accuracy on the test digits.
double with_labels(Program& program, const std::string& name, const std::vector<Index>& sizes,
                   const Split& digits) {
  struct Classifier : Module {
    Classifier(Rng& random, const std::vector<Index>& sizes_in)
        : Module(random), layers(*this, "layers", sizes_in, relu) {}
    Mlp layers;
  };
  Rng rng = program.rng.split(name);
  Classifier model(rng, sizes);
  Adam adam(model.parameters());
  Loader loader(digits.train, {.batch = 128, .shuffle = true}, rng.split("order"));
  Trainer trainer(program.session(), name, {{"model", model}, {"adam", adam}}, loader,
                  program.epochs(digits.train, 3, 10));
  for (const Batch& batch : trainer) {
    adam.lr = Real(1e-3) * decay_second_half(trainer.progress());
    trainer.report({{"cross entropy", descend(adam, [&] {
                       return mean(cross_entropy(model.layers(batch.images), batch.labels));
                     })}});
  }
  const std::vector<int> guesses = argmax(model.layers(digits.test.images).value(), 1);
  return static_cast<double>(agreement(guesses, digits.test.labels)) / static_cast<double>(guesses.size());
}

/// The most frequent label of a cluster, and its share.
std::pair<int, double> majority(const KMeans& found, const std::vector<int>& labels, Index cluster) {
  std::vector<double> counts(10);
  for (std::size_t n = 0; n < labels.size(); ++n)
    if (found.clusters[n] == cluster) ++counts[static_cast<std::size_t>(labels[n])];
  const auto most = std::max_element(counts.begin(), counts.end());
  return {static_cast<int>(most - counts.begin()),
          *most / std::max(1.0, std::accumulate(counts.begin(), counts.end(), 0.0))};
}

/// The means as pictures, with five digits of each cluster below. Red:
/// the label is not the most frequent one.
Tensor clusters_sheet(const KMeans& found, const Pca& pca, const Dataset& digits) {
  const Index K = found.means.dim(0), members = 5;
  const Tensor means = pca.decode(found.means);
  Tensor sheet = Tensor::zeros({(members + 1) * K, 784});
  GridOptions options{.columns = K, .scale = 3, .row_labels = {"mean"}};
  options.row_labels.resize(static_cast<std::size_t>(members + 1));
  for (Index k = 0; k < K; ++k) {
    const auto [label, share] = majority(found, digits.labels, k);
    options.column_labels.push_back(text(label, ": ", std::round(100 * share), "%"));
    sheet.rows(k, k + 1).copy_from(means.rows(k, k + 1));
    Index row = 1;
    for (Index n = 0; n < digits.size() && row <= members; ++n) {
      if (found.clusters[static_cast<std::size_t>(n)] != k) continue;
      const Index cell = row++ * K + k;
      sheet.rows(cell, cell + 1).copy_from(digits.images.rows(n, n + 1));
      if (digits.labels[static_cast<std::size_t>(n)] != label) options.frames.push_back({cell, colors::red});
    }
  }
  return image_grid(sheet, options);
}

/// k-means from several starts; the one with the smallest loss, which needs no labels.
KMeans best_k_means(Program& program, const Tensor& z, Index K) {
  KMeans best;
  for (Index start = 0; start < program.pick<Index>(5, 10, 1); ++start) {
    Rng rng = program.rng.split(text("k-means ", K)).split(static_cast<std::uint64_t>(start));
    KMeans found = k_means(z, K, rng);
    if (start == 0 || found.losses.back() < best.losses.back()) best = std::move(found);
  }
  return best;
}

/// No labels: k-means in 50 principal components. The labels serve for judging only.
void without_labels(Program& program, const Dataset& digits) {
  const Pca pca = fit_pca(digits.images, 50);
  const Tensor z = pca.encode(digits.images);
  Plot plot("k-means: mean squared distance to the nearest mean");
  plot.x("round").y("squared distance").log_x();
  for (const Index K : {10, 64}) {
    const KMeans found = best_k_means(program, z, K);
    const std::string tag = K == 10 ? "" : text("_", K);
    program.figure("kmeans_purity" + tag, purity(found.clusters, digits.labels));
    program.figure("kmeans_nmi" + tag, normalised_mutual_information(found.clusters, digits.labels));
    program.figure("kmeans_rounds" + tag, static_cast<double>(found.losses.size()));
    std::vector<double> rounds(found.losses.size());
    std::iota(rounds.begin(), rounds.end(), 1);
    plot.line(text("K = ", K), rounds, found.losses);
    if (K == 10)
      program.picture(
          "clusters", clusters_sheet(found, pca, digits),
          "Columns: the ten clusters, each with its mean and five of its digits. Above: the most frequent "
          "label and its share. Red: other labels");
  }
  program.plot("objective", plot, "Neither step of k-means increases the distance");
}

/// Pairs of the held-out text, each with the network's three most likely next letters.
Tensor pairs_sheet(NextLetter& network, const TextPairs& pairs) {
  std::vector<std::string> lines{"context     next      the network's guesses"};
  for (Index position = pairs.cut + TextPairs::context; position < pairs.size() && lines.size() < 15;
       ++position) {
    const Tensor p = softmax(network(pairs.contexts({position}))).value();
    std::vector<std::size_t> order(static_cast<std::size_t>(pairs.letters));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return p[static_cast<Index>(a)] > p[static_cast<Index>(b)];
    });
    const auto quoted = [](const std::string& letter) { return "'" + one_line(letter) + "'"; };
    const auto place = static_cast<std::size_t>(position);
    std::string line = quoted(pairs.text.words(place - TextPairs::context, place)) + "  " +
                       quoted(pairs.text.words(place, place + 1)) + "    ";
    for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i)
      line += text("  ", quoted(pairs.text.alphabet[order[i]]), " ",
                   pad_left(text(std::round(100 * p[static_cast<Index>(order[i])])), 3), " %");
    lines.push_back(line);
  }
  return written(lines);
}

/// Text from the network, letter by letter: p(letter) ~ exp(logit / temperature). It starts with a context of
/// the held-out text, which is not returned.
std::string sampled(NextLetter& network, const TextPairs& pairs, Real temperature, Index count, Rng& rng) {
  std::vector<int> letters(pairs.text.letters.begin() + pairs.cut,
                           pairs.text.letters.begin() + pairs.cut + TextPairs::context);
  std::string out;
  for (Index i = 0; i < count; ++i) {
    const std::vector<int> last(letters.end() - TextPairs::context, letters.end());
    const Tensor x = one_hot(last, static_cast<int>(pairs.letters)).reshape({1, -1});
    const Tensor p = softmax(network(x) / temperature).value();
    Real rest = rng.uniform();
    Index letter = 0;
    while (letter < pairs.letters - 1 && (rest -= p[letter]) > 0) ++letter;
    letters.push_back(static_cast<int>(letter));
    out += pairs.text.alphabet[static_cast<std::size_t>(letter)];
  }
  return out;
}

/// Labels made of the data: every letter of a text is the label of the letters before it.
void labels_from_data(Program& program) {
  PlainText corpus = read_text(lesson_files(GRADUS_LESSONS));
  if (program.options.preset == Preset::tiny) corpus.letters.resize(4000);
  const TextPairs pairs(std::move(corpus));
  const std::vector<Index> held_out = pairs.held_out();
  program.dataset(text("Text: the lessons of this course, ", pairs.size(), " letters, ", pairs.letters,
                       " different ones."));

  Rng rng = program.rng.split("text");
  NextLetter network(rng, pairs.letters);
  Adam adam(network.parameters(), {.lr = Real(2e-3), .decoupled_weight_decay = Real(0.05)});
  Rng draw = rng.split("order");
  Trainer trainer(program.session(), "next_letter", {{"network", network}, {"adam", adam}, {"draw", draw}},
                  Steps{program.pick<Index>(6000, 20000, 20)});
  while (trainer.next()) {
    std::vector<Index> positions;
    for (int b = 0; b < 128; ++b)
      positions.push_back(TextPairs::context + static_cast<Index>(draw.below(static_cast<std::uint64_t>(
                                                   pairs.cut - TextPairs::context))));
    const Tensor x = pairs.contexts(positions);
    const std::vector<int> next = pairs.targets(positions);
    adam.lr = Real(2e-3) * decay_second_half(trainer.progress());
    trainer.report({{"cross entropy", descend(adam, [&] { return mean(cross_entropy(network(x), next)); })}});
  }

  network.eval();
  const Tensor logits = in_pieces(pairs.contexts(held_out), [&](const Var& x) { return network(x); });
  program.figure("perplexity_uniform", static_cast<double>(pairs.letters));
  program.figure("perplexity_unigram", perplexity(counted_nll(pairs, held_out, false)));
  program.figure("perplexity_bigram", perplexity(counted_nll(pairs, held_out, true)));
  program.figure("perplexity_network", perplexity(cross_entropy(logits, pairs.targets(held_out)).value()));
  program.plot("perplexity",
               Plot("Perplexity of the held-out tenth of the text")
                   .y("number of equally likely letters")
                   .bars("perplexity", {"uniform", "letter", "letter | 1 letter", "network | 8 letters"},
                         {program.figure("perplexity_uniform"), program.figure("perplexity_unigram"),
                          program.figure("perplexity_bigram"), program.figure("perplexity_network")}),
               "The more of the text before it a model uses, the fewer letters remain likely");
  program.picture("pairs", pairs_sheet(network, pairs),
                  "Text without labels becomes a supervised problem: eight letters are x, the next one is y");
  std::vector<std::string> lines;
  for (const Real temperature : {Real(0.5), Real(1), Real(1.5)}) {
    Rng own = rng.split("samples");
    const std::string words = one_line(sampled(network, pairs, temperature, 200, own));
    program.say(text("temperature ", temperature, ": ", words));
    lines.push_back(text("temperature ", temperature));
    for (std::size_t i = 0; i < words.size(); i += 67) lines.push_back("  " + words.substr(i, 67));
  }
  program.picture("samples", written(lines), "200 letters from the network at three temperatures");
}

void lesson(Program& program) {
  const Split digits = program.digits().flat();
  program.figure("accuracy_softmax", with_labels(program, "softmax", {784, 10}, digits));
  program.figure("accuracy_network", with_labels(program, "network", {784, 128, 10}, digits));
  without_labels(program, digits.train);
  labels_from_data(program);
  program.headline(text("with labels ", program.figure("accuracy_network"),
                        " of the digits right; without, ten clusters of purity ",
                        program.figure("kmeans_purity"), "; perplexity of text ",
                        program.figure("perplexity_bigram"), " by counting, ",
                        program.figure("perplexity_network"), " by a network"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "01_kinds_of_learning",
       .title = "Kinds of learning: with labels, without, and with labels made of the data",
       .slide = "DS542, \"Kinds of Learning\"",
       .look = "Clusters: k-means finds digits of similar shape without any label; some clusters mix two "
               "classes, and some classes have two clusters. Pairs: the text contains its own labels, so "
               "predicting the next letter is a supervised problem on unlabelled data."},
      lesson);
}
