// One voice becomes another: a CycleGAN on spectrograms. What is said stays, who says it changes.
// Utterances of the two voices are unpaired. For generated voices the true counterpart of every utterance
// exists; only the tests see it.
//
// 6.S191 L4, "CycleGAN: transforming speech"

#include "6_translation/speech_scores.hpp"

namespace gradus::lecture {

// --- data

/// Ten syllables, two synthetic speakers. The takes for training differ; the takes for testing are the same.
VoicePair generated_pair(Program& program) {
  const Index train = program.pick<Index>(300, 600, 40), test = program.pick<Index>(100, 200, 20), T = 40;
  const std::uint64_t seed = 10 * program.options.seed;
  const auto utterances = [&](const char* name, const std::vector<Sound>& sounds) {
    std::vector<int> labels;
    for (std::size_t i = 0; i < sounds.size(); ++i) labels.push_back(static_cast<int>(i % 10));
    return Dataset{name, spectrograms_of(sounds, T), labels, 10, {}};
  };
  VoicePair pair{.tag = "voice"};
  pair.heard_a = generated_voice(Speaker::low(), test, seed);
  pair.heard_b = generated_voice(Speaker::high(), test, seed);
  pair.a = {"the low voice", utterances("low voice", generated_voice(Speaker::low(), train, seed + 1))};
  pair.b = {"the high voice", utterances("high voice", generated_voice(Speaker::high(), train, seed + 2))};
  pair.test_a = utterances("low voice, test", pair.heard_a);
  pair.test_b = utterances("high voice, test", pair.heard_b);
  program.dataset(text("Two generated voices: ", train, " utterances each, ", test, " for testing."));
  return pair;
}

/// Spoken digits of two men. The takes 0 .. 4 are for testing.
VoicePair recorded_pair(Program& program) {
  const Index T = 48;
  VoicePair pair{.tag = "fsdd"};
  const auto load = [&](const std::string& speaker, Voice& voice, Dataset& test, std::vector<Sound>& heard) {
    const SpokenDigits all = load_fsdd(program.options.data, {speaker});
    std::vector<Sound> for_training;
    std::vector<int> labels, test_labels;
    for (std::size_t i = 0; i < all.sounds.size(); ++i) {
      const bool testing = all.names[i].take < 5;
      (testing ? heard : for_training).push_back(all.sounds[i]);
      (testing ? test_labels : labels).push_back(all.names[i].digit);
    }
    voice = {speaker, {speaker, spectrograms_of(for_training, T), labels, 10, {}}};
    test = {speaker + ", test", spectrograms_of(heard, T), test_labels, 10, {}};
  };
  load("jackson", pair.a, pair.test_a, pair.heard_a);
  load("theo", pair.b, pair.test_b, pair.heard_b);
  program.dataset(text("FSDD: ", pair.a.data.size(), " digits of jackson, ", pair.b.data.size(), " of theo, ",
                       pair.test_a.size(), " for testing."));
  return pair;
}

// --- pictures and sounds

/// The first utterance of each of the ten labels. Throws Error when a label has none.
std::vector<std::size_t> one_of_each(const std::vector<int>& labels) {
  std::vector<std::size_t> chosen;
  for (int label = 0; label < 10; ++label) {
    const auto found = std::find(labels.begin(), labels.end(), label);
    GRADUS_CHECK(found != labels.end(), "32_speech: no utterance for testing has the label ", label);
    chosen.push_back(static_cast<std::size_t>(found - labels.begin()));
  }
  return chosen;
}

Sound in_a_row(const std::vector<Sound>& sounds, const std::vector<std::size_t>& chosen) {
  std::vector<Sound> list;
  for (const std::size_t i : chosen) list.push_back(sounds[i]);
  return joined(list, 0.05);
}

void play(Program& program, const VoicePair& pair, const Translation& result) {
  const auto a = one_of_each(pair.test_a.labels), b = one_of_each(pair.test_b.labels);
  const bool digits = pair.tag == "fsdd";
  const std::string what = digits ? "digits" : "syllables", true_b = digits ? "B" : "true B";
  program.sound(pair.tag + "_one",
                {{"A", pair.heard_a[a[3]]}, {"A as B", result.heard[a[3]]}, {true_b, pair.heard_b[b[3]]}},
                text("The slide: one of the ", what, " of ", pair.a.name, ", its translation, and below it ",
                     pair.b.name,
                     digits ? " with the same digit" : " with the same take, which the training never sees"));
  program.sound(pair.tag + "_ten",
                {{"A", in_a_row(pair.heard_a, a)},
                 {"A as B", in_a_row(result.heard, a)},
                 {true_b, in_a_row(pair.heard_b, b)}},
                text("Ten ", what, ": ", pair.a.name, ", its translation, and ", pair.b.name));
}

void draw_averages(Program& program, const VoicePair& pair, const Translation& result) {
  Plot plot("Average spectrum of the test utterances");
  std::vector<double> hertz;
  for (Index k = 1; k <= bins; ++k) hertz.push_back(static_cast<double>(k) * 8000 / 256);
  for (const auto& [name, x] : {std::pair<std::string, Tensor>{"A", pair.test_a.images},
                                {"A as B", result.ab},
                                {"B", pair.test_b.images}})
    plot.line(name, hertz, column(average_spectrum(x).reshape({bins, 1}), 0));
  program.plot(pair.tag + "_spectrum", plot.x("Hz").y("share of 45 dB"),
               "The average spectrum of the translation is near that of B");
}

void draw_pitch(Program& program, const VoicePair& pair, const Translation& result) {
  const auto a = one_of_each(pair.test_a.labels), b = one_of_each(pair.test_b.labels);
  Plot plot("Pitch of the ten sounds");
  for (const auto& [name, sound] : {std::pair<std::string, Sound>{"A", in_a_row(pair.heard_a, a)},
                                    {"A as B", in_a_row(result.heard, a)},
                                    {"B", in_a_row(pair.heard_b, b)}}) {
    std::vector<double> seconds, hertz;
    const std::vector<double> track = pitch_track(sound.samples);
    for (std::size_t i = 0; i < track.size(); ++i)
      if (track[i] > 0) seconds.push_back(static_cast<double>(i) * 64 / 8000), hertz.push_back(track[i]);
    plot.scatter(name, seconds, hertz);
  }
  program.plot(pair.tag + "_pitch", plot.x("seconds").y("Hz"),
               "The pitch, where the sound is periodic: that of the translation moves from A's to B's");
}

/// Ten utterances in a row, one row per voice.
Tensor film_frame(const Tensor& a, const Tensor& translated, const Tensor& b, Index step) {
  std::vector<Tensor> rows;
  for (const auto& [name, x] :
       {std::pair<std::string, Tensor>{"A", a}, {text("A as B, step ", step), translated}, {"B", b}}) {
    const Index windows = x.size() / bins;
    Tensor head = Tensor::full({22, 2 * windows, 3}, 1);
    draw_text(head, 3, 0, name, 2);
    rows.push_back(vstack({head, spectrogram_picture(x.reshape({windows, bins}), 160, 2 * windows)}, 0));
  }
  return vstack(rows, 4);
}

void draw_film(Program& program, const VoicePair& pair, const SpeechFilm& film) {
  const auto shown = [](const Dataset& data) {
    std::vector<Index> rows;
    for (const std::size_t i : one_of_each(data.labels)) rows.push_back(static_cast<Index>(i));
    return data.images.gather(rows);
  };
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < film.size(); ++i)
    frames.push_back(film_frame(shown(pair.test_a), film.frame(i), shown(pair.test_b), film.step(i)));
  program.picture(
      pair.tag + "_translated", frames.back(),
      "Top A, centre its translation, bottom B: ten spectrograms each, low frequencies at the bottom");
  program.animation(pair.tag + "_training", frames, {.frames_per_second = 2},
                    "The translations of the same ten utterances during training");
}

// --- the lesson

/// Spectral convergence over iterations, with and without momentum, from natural magnitudes.
void phases(Program& program, const VoicePair& pair) {
  const Index count = program.pick<Index>(20, 50, 2), iterations = 100;
  std::vector<double> steps, plain(100), fast(100);
  for (Index i = 0; i < iterations; ++i) steps.push_back(static_cast<double>(i + 1));
  for (Index n = 0; n < count; ++n) {
    const Tensor M = magnitude(stft(pair.heard_a[static_cast<std::size_t>(n)].samples));
    for (std::vector<double>* curve : {&plain, &fast}) {
      Rng rng = program.rng.split("phases").split(static_cast<std::uint64_t>(n));
      const Real momentum = curve == &fast ? GriffinLimOptions().momentum : 0;
      const Reconstruction out = griffin_lim(M, rng, {.iterations = iterations, .momentum = momentum});
      for (std::size_t i = 0; i < out.convergence.size(); ++i)
        (*curve)[i] += out.convergence[i] / static_cast<double>(count);
    }
  }
  program.figure("griffin_lim_random", plain[0]);
  program.figure("griffin_lim_plain", plain[59]);
  program.figure("griffin_lim_convergence", fast[59]);
  program.plot("griffin_lim",
               Plot("Phases from magnitudes")
                   .x("iteration")
                   .y("spectral convergence")
                   .log_y()
                   .line("Griffin-Lim", steps, plain)
                   .line("with momentum 0.99", steps, fast),
               "The distance between the wanted magnitudes and those of the sound, from random phases on");
}

void translate_voices(Program& program, const VoicePair& pair, const SpeechTraining& how) {
  SpeechGan gan(program.rng.split(pair.tag + " networks"));
  std::vector<Index> shown;
  for (const std::size_t i : one_of_each(pair.test_a.labels)) shown.push_back(static_cast<Index>(i));
  SpeechFilm film(pair.test_a.images.gather(shown), how.steps, how.looks);
  const Plot losses = train_speech(program, pair, gan, film, how);
  const auto clipped = [](const Var& y) { return clamp(y, 0, 1); };
  Translation result{in_pieces(pair.test_a.images, [&](const Var& x) { return clipped(gan.to_b(x)); }),
                     in_pieces(pair.test_b.images, [&](const Var& x) { return clipped(gan.to_a(x)); }),
                     {}};
  result.heard = sounds_of(result.ab, program.rng.split(pair.tag + " phases"));
  play(program, pair, result);
  draw_film(program, pair, film);
  draw_averages(program, pair, result);
  draw_pitch(program, pair, result);
  program.plot(pair.tag + "_losses", losses,
               "Each loss is the sum over both directions. With least squares D is at 1 when it guesses");
  report_scores(program, pair, result, gan);
}

void speech(Program& program) {
  const VoicePair voices = generated_pair(program);
  phases(program, voices);
  translate_voices(program, voices, {.steps = program.pick<Index>(400, 2000, 4)});
  program.headline(text("judged as the other speaker: ", program.figure("voice_speaker"), ", same syllable: ",
                        program.figure("voice_syllable"), ", distance to the true counterpart: ",
                        fixed(program.figure("voice_distance_ratio"), 2), " of that before"));
  if (std::filesystem::is_directory(program.options.data / "fsdd"))
    translate_voices(program, recorded_pair(program), {.steps = program.pick<Index>(300, 2000, 4)});
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "32_speech",
                      .title = "CycleGAN on speech: one voice becomes another",
                      .slide = "6.S191 L4, \"CycleGAN: transforming speech\"",
                      .look = "Play A, its translation and B. The translation says what A says, with the "
                              "pitch and the brightness of B. In its spectrogram the stripes are as far "
                              "apart as B's, and the high frequencies are as bright."},
                     speech);
}
