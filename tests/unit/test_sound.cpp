// WAV files: encodings, damage, round trips; folders of recordings and FSDD's names.
#include <cmath>
#include <cstdlib>
#include <limits>

#include "gradus/base/file.hpp"
#include "gradus/data/formats/sound_folder.hpp"
#include "gradus/io/sound.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<std::byte>;

void put(Bytes& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}
void put(Bytes& out, const std::string& letters) {
  for (const char letter : letters) out.push_back(static_cast<std::byte>(letter));
}

struct Header {
  std::uint64_t code = 1, channels = 1, rate = 8000, bits = 16;
};

// A WAV file with these bytes as samples, by the format's definition.
Bytes wav(const Header& header, const Bytes& samples) {
  Bytes out;
  put(out, "RIFF");
  put(out, 36 + samples.size(), 4);
  put(out, "WAVEfmt ");
  put(out, 16, 4);
  put(out, header.code, 2);
  put(out, header.channels, 2);
  put(out, header.rate, 4);
  put(out, header.rate * header.channels * header.bits / 8, 4);
  put(out, header.channels * header.bits / 8, 2);
  put(out, header.bits, 2);
  put(out, "data");
  put(out, samples.size(), 4);
  out.insert(out.end(), samples.begin(), samples.end());
  return out;
}

// The values as integers of `width` bytes.
Bytes integers(const std::vector<std::int64_t>& values, int width) {
  Bytes out;
  for (const std::int64_t value : values) put(out, static_cast<std::uint64_t>(value), width);
  return out;
}
template <class Float>
Bytes floats(const std::vector<Float>& values) {
  Bytes out(values.size() * sizeof(Float));
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

// The first word of the bytes from `place` is replaced.
Bytes with_word(Bytes bytes, std::size_t place, std::uint64_t value, int width) {
  Bytes word;
  put(word, value, width);
  std::copy(word.begin(), word.end(), bytes.begin() + static_cast<std::ptrdiff_t>(place));
  return bytes;
}

}  // namespace

TEST_CASE("wav: samples of every encoding become numbers in [-1, 1]") {
  const Sound sixteen = parse_wav(wav({.rate = 11025}, integers({0, 16384, -32768, 32767}, 2)), "x");
  CHECK(sixteen.rate == 11025);
  CHECK(numbers(sixteen.samples) == std::vector<Real>{0, Real(0.5), -1, Real(32767 / 32768.0)});
  CHECK(sixteen.seconds() == doctest::Approx(4 / 11025.0));
  const Sound eight = parse_wav(wav({.bits = 8}, integers({128, 192, 0, 255}, 1)), "x");
  CHECK(numbers(eight.samples) == std::vector<Real>{0, Real(0.5), -1, Real(127 / 128.0)});
  const Sound twenty_four = parse_wav(wav({.bits = 24}, integers({4194304, -8388608}, 3)), "x");
  CHECK(numbers(twenty_four.samples) == std::vector<Real>{Real(0.5), -1});
  const Sound thirty_two = parse_wav(wav({.bits = 32}, integers({1073741824, -2147483648}, 4)), "x");
  CHECK(numbers(thirty_two.samples) == std::vector<Real>{Real(0.5), -1});
  const Sound single = parse_wav(wav({.code = 3, .bits = 32}, floats<float>({0.25f, -1.5f})), "x");
  CHECK(numbers(single.samples) == std::vector<Real>{Real(0.25), Real(-1.5)});
  const Sound both = parse_wav(wav({.code = 3, .bits = 64}, floats<double>({0.125, -0.75})), "x");
  CHECK(numbers(both.samples) == std::vector<Real>{Real(0.125), Real(-0.75)});
  // mu-law: byte 0xff is 0, byte 0x80 the largest value, 32124 / 32768 (ITU-T G.711)
  const Sound law = parse_wav(wav({.code = 7, .bits = 8}, integers({0xff, 0x80, 0x00}, 1)), "x");
  CHECK(law.samples[0] == 0);
  CHECK(law.samples[1] == doctest::Approx(32124 / 32768.0));
  CHECK(law.samples[2] == doctest::Approx(-32124 / 32768.0));
}

TEST_CASE("wav: channels become their mean") {
  const Sound stereo =
      parse_wav(wav({.channels = 2}, integers({16384, 0, -16384, 16384, 8192, 24576}, 2)), "x");
  CHECK(numbers(stereo.samples) == std::vector<Real>{Real(0.25), 0, Real(0.5)});
}

TEST_CASE("wav: other chunks are skipped, also before the format and of odd length") {
  Bytes sound = wav({}, integers({16384}, 2)), note;
  put(note, "note");
  put(note, 3, 4);
  put(note, 0, 4);  // with its padding
  sound.insert(sound.begin() + 12, note.begin(), note.end());
  sound = with_word(sound, 4, sound.size() - 8, 4);
  CHECK(numbers(parse_wav(sound, "x").samples) == std::vector<Real>{Real(0.5)});
}

TEST_CASE("wav: the extensible header names the encoding in its subformat") {
  const auto extensible = [](std::uint64_t code) {
    Bytes sound = wav({.code = 0xfffe}, integers({16384, -8192}, 2)), more;
    put(more, 22, 2);  // further bytes: valid bits, speakers, subformat
    put(more, 16, 2);
    put(more, 4, 4);
    put(more, code, 2);
    for (const int byte : {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71})
      put(more, static_cast<std::uint64_t>(byte), 1);
    sound.insert(sound.begin() + 36, more.begin(), more.end());
    return with_word(with_word(sound, 16, 40, 4), 4, sound.size() - 8, 4);
  };
  CHECK(numbers(parse_wav(extensible(1), "x").samples) == std::vector<Real>{Real(0.5), Real(-0.25)});
  CHECK(contains(message([&] { parse_wav(extensible(2), "x"); }), "encoding 2"));
}

TEST_CASE("wav: damage is refused in one sentence that names the file") {
  const Bytes sound = wav({}, integers({1, 2, 3, 4}, 2));
  const auto refused = [](const Bytes& bytes, const std::vector<std::string>& parts,
                          const WavOptions& options = {}) {
    const std::string words = message([&] { parse_wav(bytes, "a.wav", options); });
    bool all = words.starts_with("a.wav: ") && words.find('\n') == words.npos;
    for (const std::string& part : parts) all = all && contains(words, part);
    if (!all) MESSAGE("message: \"" << words << "\"");
    return all;
  };
  CHECK(refused({}, {"no WAV file"}));
  CHECK(refused(Bytes(sound.begin(), sound.begin() + 11), {"no WAV file"}));
  Bytes other = sound;
  other[0] = std::byte{'F'};
  CHECK(refused(other, {"no WAV file", "RIFF"}));
  CHECK(refused(Bytes(sound.begin(), sound.end() - 1), {"truncated", "byte 36", "8 bytes", "7"}));
  CHECK(refused(Bytes(sound.begin(), sound.begin() + 40), {"no samples"}));
  CHECK(refused(wav({}, {}), {"no samples"}));
  CHECK(refused(with_word(sound, 40, 0xffffffff, 4), {"truncated", "4294967295"}));
  CHECK(refused(with_word(sound, 16, 8, 4), {"format chunk of 8 bytes"}));
  CHECK(refused(with_word(sound, 20, 2, 2), {"encoding 2", "PCM"}));  // ADPCM
  CHECK(refused(with_word(sound, 20, 0x55, 2), {"encoding 85"}));     // MPEG
  CHECK(refused(with_word(sound, 22, 0, 2), {"WAV"}));                // no channel
  CHECK(refused(with_word(sound, 34, 40, 2), {"WAV"}));               // 40 bits
  CHECK(refused(with_word(sound, 24, 0, 4), {""}));                   // no rate
  CHECK(refused(sound, {"8000 samples per second", "expected 16000"}, {.rate = 16000}));
  CHECK_NOTHROW(parse_wav(sound, "a.wav", {.rate = 8000}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(refused(wav({.code = 3, .bits = 32}, floats<float>({0, nan})), {"sample 1 is not finite"}));
  Bytes early = with_word(sound, 12, 0x61746164, 4);  // "data" in the place of "fmt "
  CHECK(refused(early, {"samples before their format"}));
}

TEST_CASE("wav: files are missing, empty or folders") {
  const Folder folder;
  CHECK(contains(message([&] { read_wav(folder / "none.wav"); }), "none.wav"));
  write_file(folder / "empty.wav", {});
  CHECK(contains(message([&] { read_wav(folder / "empty.wav"); }), {"empty.wav", "empty"}));
  CHECK(contains(message([&] { read_wav(folder.path); }), folder.path.string()));
}

TEST_CASE("wav: the written file is the format's, and has the same samples when it is read") {
  const Folder folder;
  Tensor samples({5});
  const std::vector<int> values = {0, 1, -32768, 32767, 12345};
  for (Index i = 0; i < 5; ++i) samples[i] = Real(values[static_cast<std::size_t>(i)] / 32768.0);
  write_wav(folder / "a.wav", {samples, 22050});
  CHECK(read_file(folder / "a.wav") == wav({.rate = 22050}, integers({0, 1, -32768, 32767, 12345}, 2)));
  const Sound back = read_wav(folder / "a.wav");
  CHECK(back.rate == 22050);
  CHECK(same_bits(back.samples, samples));
  write_wav(folder / "a.wav", {Tensor::of({3}, {Real(1.5), -7, Real(0.25)}), 8000});  // clipped
  CHECK(numbers(read_wav(folder / "a.wav").samples) ==
        std::vector<Real>{Real(32767 / 32768.0), -1, Real(0.25)});
}

TEST_CASE("wav: sounds that cannot be written leave the old file") {
  const Folder folder;
  const fs::path path = folder / "a.wav";
  write_wav(path, {Tensor::full({4}, Real(0.5)), 8000});
  const Bytes before = read_file(path);
  CHECK(contains(message([&] { write_wav(path, {Tensor::zeros({2, 2}), 8000}); }), {"a.wav", "[2, 2]"}));
  CHECK(contains(message([&] { write_wav(path, {Tensor(), 8000}); }), "a.wav"));
  CHECK(contains(message([&] { write_wav(path, {Tensor::zeros({0}), 8000}); }), "a.wav"));
  CHECK(contains(message([&] { write_wav(path, {Tensor::zeros({2}), 0}); }), {"a.wav", "rate"}));
  Tensor broken = Tensor::zeros({3});
  broken[2] = std::numeric_limits<Real>::infinity();
  CHECK(contains(message([&] { write_wav(path, {broken, 8000}); }), {"a.wav", "sample 2"}));
  CHECK(read_file(path) == before);
  CHECK(contains(message([&] { write_wav("/proc/nowhere/a.wav", {Tensor::zeros({2}), 8000}); }), "a.wav"));
}

TEST_CASE("joined: sounds one after the other, with pauses") {
  const Sound a{Tensor::of({2}, {1, 2}), 4}, b{Tensor::of({1}, {3}), 4};
  const Sound all = joined({a, b, a}, 0.5);
  CHECK(all.rate == 4);
  CHECK(numbers(all.samples) == std::vector<Real>{1, 2, 0, 0, 3, 0, 0, 1, 2});
  CHECK(contains(message([] { joined({}); }), "no sounds"));
  CHECK(contains(message([&] { joined({a}, -1); }), "pause"));
  CHECK(contains(message([&] { joined({a, Sound{b.samples, 8}}); }), {"4", "8"}));
}

TEST_CASE("fsdd: names of recordings") {
  const FsddName name = parse_fsdd_name("x/7_theo_41.wav");
  CHECK(name.digit == 7);
  CHECK(name.speaker == "theo");
  CHECK(name.take == 41);
  CHECK(parse_fsdd_name("0_anna_lena_0.WAV").speaker == "anna_lena");
  CHECK(contains(message([] { parse_fsdd_name("10_theo_1.wav"); }), {"10_theo_1.wav", "digit \"10\""}));
  CHECK(contains(message([] { parse_fsdd_name("_theo_1.wav"); }), "digit \"\""));
  CHECK(contains(message([] { parse_fsdd_name("1_theo_x.wav"); }), "take \"x\""));
  CHECK(contains(message([] { parse_fsdd_name("1_theo_-1.wav"); }), "take \"-1\""));
  for (const char* wrong : {"1__1.wav", "1_1.wav", "theo.wav", "1_theo_1.mp3", "1_theo_1"})
    CHECK(contains(message([&] { parse_fsdd_name(wrong); }), {wrong, "<digit>_<speaker>_<take>.wav"}));
}

TEST_CASE("fsdd: recordings of chosen speakers in sorted order") {
  const Folder folder;
  const fs::path place = folder / "fsdd/recordings";
  CHECK(contains(message([&] { load_fsdd(folder.path); }), "recordings"));
  fs::create_directories(place);
  CHECK(contains(message([&] { load_fsdd(folder.path); }), "no file *.wav"));
  for (const char* file : {"1_theo_0.wav", "0_theo_3.wav", "2_george_0.wav"})
    write_wav(place / file, {Tensor::full({10}, Real(0.1)), 8000});
  write_file(place / "._1_theo_0.wav", Bytes(3));
  write_file(place / "index.html", Bytes(3));
  CHECK(sound_files(place) == std::vector<std::string>{"0_theo_3.wav", "1_theo_0.wav", "2_george_0.wav"});
  CHECK(load_fsdd(folder.path).sounds.size() == 3);
  const SpokenDigits theo = load_fsdd(folder.path, {"theo"});
  REQUIRE(theo.names.size() == 2);
  CHECK(theo.names[0].digit == 0);
  CHECK(theo.names[1].take == 0);
  CHECK(contains(message([&] { load_fsdd(folder.path, {"theo", "lucas"}); }), "no recording of lucas"));
  write_wav(place / "3_theo_0.wav", {Tensor::full({10}, Real(0.1)), 16000});
  CHECK(contains(message([&] { load_fsdd(folder.path); }), {"3_theo_0.wav", "16000", "expected 8000"}));
}

TEST_CASE("fsdd: the published recordings") {
  const char* root = std::getenv("GRADUS_DATASETS");
  if (!root || !fs::exists(fs::path(root) / "fsdd")) {
    MESSAGE("SKIPPED: fsdd is not under GRADUS_DATASETS");
    return;
  }
  const SpokenDigits jackson = load_fsdd(root, {"jackson"});
  CHECK(jackson.sounds.size() == 500);
  for (const Sound& sound : jackson.sounds) CHECK(sound.seconds() > 0.1);
}
