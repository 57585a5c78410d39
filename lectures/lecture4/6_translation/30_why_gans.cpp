// Why GANs? Sixteen averages are consistent with many digits. A pixel loss gives something between these
// digits, which is blurred; a discriminator rejects blur, because real digits have none.
//
// 6.S191 L4, "Why GANs?", "Conditional GANs and pix2pix: paired translation"

#include "6_translation/facades.hpp"

namespace gradus::lecture {

/// Input: averages over blocks of 7 x 7 pixels (16 per digit), upsampled to the size of the digit.
Pairs from_blocks(const Tensor& digits, Rng&) {
  return {upsample_nearest(average_pool2d(digits, 7), 7).value(), digits};
}

/// Input: the outline of a digit, 1 on background pixels next to ink, else 0.
Pairs from_outlines(const Tensor& digits, Rng&) {
  const Index B = digits.dim(0), H = digits.dim(1), W = digits.dim(2);
  Tensor lines = Tensor::zeros(digits.shape());
  for (Index b = 0; b < B; ++b)
    for (Index i = 1; i + 1 < H; ++i)
      for (Index j = 1; j + 1 < W; ++j) {
        const Index here = (b * H + i) * W + j;
        Real ink = 0;
        for (const Index row : {here - W, here, here + W})
          for (const Index place : {row - 1, row, row + 1}) ink = std::max(ink, digits[place]);
        if (digits[here] < Real(0.5) && ink >= Real(0.5)) lines[here] = 1;
      }
  return {lines, digits};
}

/// The test digits to translate, and the reference for their scores.
struct TestSet {
  Dataset digits;
  Moments others;  ///< of the other real test digits
  Judge& judge;
};

TestSet make_test_set(Program& program, const Dataset& test, Judge& judge) {
  const Index N = std::min(program.pick<Index>(2000, 5000), test.size() / 2), stride = test.size() / N;
  std::vector<Index> mine, others;
  for (Index i = 0; i < test.size(); ++i)
    (i % stride == 0 && static_cast<Index>(mine.size()) < N ? mine : others).push_back(i);
  program.say(text("\nN = ", N, " test digits from 4 x 4 averages; FID in features of the judge, against ",
                   others.size(), " other test digits\n"));
  program.say("                     L1   SSIM     FID   grey  judge right");
  return {test.select(mine), moments_of(judge.features(test.select(others).flat().images)), judge};
}

/// Prints one line of the table and reports its figures. SSIM uses windows of 8 x 8.
void report_scores(Program& program, const TestSet& test, const std::string& tag, const std::string& name,
                   const Tensor& y) {
  const Tensor& truth = test.digits.images;
  const Tensor flat = y.reshape({y.dim(0), y.shape().row_size()});
  const double l1 = pixel_error(y, truth), grey = grey_share(y),
               ssim = double(mean(structural_similarity(y, truth, SimilarityWindow::square)).item()),
               fid = frechet_distance(moments_of(test.judge.features(flat)), test.others),
               accuracy = test.judge.accuracy(flat, test.digits.labels);
  program.say(text(pad_right(name, 16), "  ", fixed(l1, 4), "  ", fixed(ssim, 3), "  ", fixed(fid, 1, 6),
                   "  ", fixed(grey, 3), "  ", fixed(accuracy, 3)));
  program.figure("p2p_l1_" + tag, l1);
  program.figure("p2p_ssim_" + tag, ssim);
  program.figure("p2p_fid_" + tag, fid);
  program.figure("p2p_grey_" + tag, grey);
  program.figure("p2p_accuracy_" + tag, accuracy);
}

/// One digit per row, in two blocks side by side.
Tensor side_by_side(const std::vector<Tensor>& columns, const std::vector<std::string>& names) {
  const Index rows = 5, H = columns[0].dim(1), count = static_cast<Index>(columns.size());
  std::vector<Tensor> blocks;
  for (Index first = 0; first < 2 * rows; first += rows) {
    Tensor cells({rows * count, H, H, 1});
    for (Index i = 0; i < rows * count; ++i)
      cells.row(i).copy_from(columns[static_cast<std::size_t>(i % count)].row(first + i / count));
    blocks.push_back(image_grid(cells, {.columns = count, .scale = 4, .column_labels = names}));
  }
  return hstack(blocks, 12);
}

void from_averages(Program& program, const TestSet& test, const Dataset& train) {
  const Index steps = program.pick<Index>(350, 1400, 4);
  Rng rng = program.rng.split("pairs");
  const Pairs pairs = from_blocks(test.digits.images, rng);
  report_scores(program, test, "real", "the truth", pairs.truth);
  report_scores(program, test, "black", "all black", Tensor::zeros(pairs.truth.shape()));
  report_scores(program, test, "input", "the input", pairs.input);
  struct Way {
    std::string tag, name;
    TranslatorTraining how;
  };
  std::vector<Tensor> columns = {pairs.input};
  std::vector<std::string> labels = {"input"};
  // The pixel loss and D compete for the same strokes. A longer trained D is stronger,
  // so pixels get a larger weight.
  const Real weight = program.pick<Real>(100, 250, 100);
  // With a small pixel weight D has more influence, so its learning rate is lower.
  const TranslatorTraining freer{
      .steps = steps, .lr_discriminator = Real(1e-3), .pixel_weight = 10, .adversarial = true};
  for (const Way& way :
       {Way{"l2", "L2", {.steps = steps, .squares = true}}, Way{"l1", "L1", {.steps = steps}},
        Way{"gan", text(weight, " L1 + GAN"), {.steps = steps, .pixel_weight = weight, .adversarial = true}},
        Way{"gan10", "10 L1 + GAN", freer}}) {
    Rng init = program.rng.split("net");
    Pix2PixUnet net(init);
    const Plot curves = train_translator(program, way.tag, net, train, from_blocks, way.how);
    if (way.tag == "gan")
      program.plot("loss_gan", Plot(curves).log_y(),
                   "The pixel error falls. D soon separates real from generated digits, then G makes this "
                   "harder; at 1.386 D would be at chance");
    columns.push_back(translate(net, pairs.input));
    report_scores(program, test, way.tag, way.name, columns.back());
    labels.push_back(way.name);
    std::erase(labels.back(), ' ');  // a column title has room for nine letters
  }
  columns.push_back(pairs.truth);
  labels.push_back("truth");
  program.figure("p2p_l1_ratio", program.figure("p2p_l1_gan") / program.figure("p2p_l1_l1"));
  program.figure("p2p_fid_ratio", program.figure("p2p_fid_gan") / program.figure("p2p_fid_l1"));
  program.picture("average_versus_sharp", side_by_side(columns, labels),
                  "The first ten test digits: one network, one input, four losses. Strokes that a pixel loss "
                  "leaves grey become black or white with a discriminator, at nearly the same mean error");
}

void from_edges(Program& program, const TestSet& test, const Dataset& train) {
  Rng rng = program.rng.split("pairs"), init = program.rng.split("net");
  Pix2PixUnet net(init);
  train_translator(program, "outlines", net, train, from_outlines,
                   {.steps = program.pick<Index>(140, 1400, 4), .adversarial = true});
  const Pairs pairs = from_outlines(test.digits.images, rng);
  const Tensor y = translate(net, pairs.input);
  report_scores(program, test, "outline", "from outlines", y);
  program.picture(
      "outlines", side_by_side({pairs.input, y, pairs.truth}, {"input", "drawn", "truth"}),
      "An outline determines nearly everything; only the side of the ink and its grey values remain");
}

void why_gans(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train.flat());
  const TestSet test = make_test_set(program, digits.test, judge);
  from_averages(program, test, digits.train);
  from_edges(program, test, digits.train);
  if (program.pick(false, true, true)) facades(program);
  program.headline(text("L1 alone: error ", program.figure("p2p_l1_l1"), ", FID ",
                        program.figure("p2p_fid_l1"), "; with a discriminator: error ",
                        program.figure("p2p_l1_gan"), ", FID ", program.figure("p2p_fid_gan")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "30_why_gans",
       .title = "Why GANs? Average versus sharp, and paired translation",
       .slide = "6.S191 L4, \"Why GANs?\", \"Conditional GANs and pix2pix: paired translation\"",
       .look =
           "The input is consistent with many digits. L2 gives their mean, which is blurred. L1 gives their "
           "median, which is grey or broken where they disagree. With a discriminator the strokes have sharp "
           "edges, right or wrong. The mean error hardly changes, so it does not measure sharpness."},
      why_gans);
}
