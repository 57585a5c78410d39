// WAV files: libsndfile decodes and encodes in memory; whole files are read and replaced as in base/file.hpp.
#include "gradus/io/sound.hpp"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <string_view>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus {
namespace {

// A file in memory, for libsndfile's callbacks.
struct Memory {
  std::span<const std::byte> source{};  // to read from
  std::vector<std::byte> target{};      // written bytes
  bool writing = false;
  sf_count_t place = 0;

  sf_count_t size() const { return static_cast<sf_count_t>(writing ? target.size() : source.size()); }
};
Memory& memory_of(void* data) { return *static_cast<Memory*>(data); }

sf_count_t length(void* data) { return memory_of(data).size(); }
sf_count_t tell(void* data) { return memory_of(data).place; }
sf_count_t seek(sf_count_t offset, int whence, void* data) {
  Memory& memory = memory_of(data);
  const sf_count_t origin = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.place : memory.size();
  if (offset < -origin || offset > memory.size() - origin) return -1;
  return memory.place = origin + offset;
}
sf_count_t read(void* out, sf_count_t count, void* data) {
  Memory& memory = memory_of(data);
  count = std::clamp<sf_count_t>(count, 0, memory.size() - memory.place);
  if (count > 0) std::memcpy(out, memory.source.data() + memory.place, static_cast<std::size_t>(count));
  memory.place += count;
  return count;
}
sf_count_t write(const void* from, sf_count_t count, void* data) {
  Memory& memory = memory_of(data);
  memory.target.resize(static_cast<std::size_t>(std::max(memory.size(), memory.place + count)));
  std::memcpy(memory.target.data() + memory.place, from, static_cast<std::size_t>(count));
  memory.place += count;
  return count;
}
SF_VIRTUAL_IO callbacks = {length, seek, read, write, tell};

using File = std::unique_ptr<SNDFILE, decltype(&sf_close)>;

std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t place, std::size_t width = 4) {
  std::uint32_t word = 0;
  for (std::size_t i = width; i-- > 0;) word = word << 8 | std::to_integer<std::uint32_t>(bytes[place + i]);
  return word;
}
std::string_view letters_at(std::span<const std::byte> bytes, std::size_t place) {
  return {reinterpret_cast<const char*>(bytes.data()) + place, 4};
}

// A chunk is four letters, its length and its content; lengths are rounded up to even numbers.
// libsndfile shortens the samples of a truncated file silently, and decodes other formats and encodings than
// those that are promised here, so both are checked first.
void check_chunks(std::span<const std::byte> bytes, const std::string& name) {
  GRADUS_CHECK(bytes.size() >= 12 && letters_at(bytes, 0) == "RIFF" && letters_at(bytes, 8) == "WAVE", name,
               ": no WAV file, its first bytes are not RIFF .... WAVE");
  bool format = false;
  for (std::size_t place = 12; place + 8 <= bytes.size();) {
    const std::string_view kind = letters_at(bytes, place);
    const std::size_t size = word_at(bytes, place + 4), rest = bytes.size() - place - 8;
    GRADUS_CHECK(size <= rest, name, ": truncated, the chunk at byte ", place, " has ", size,
                 " bytes, the file ", rest);
    if (kind == "fmt ") {
      GRADUS_CHECK(size >= 16, name, ": a format chunk of ", size, " bytes, expected at least 16");
      format = true;
      std::uint32_t code = word_at(bytes, place + 8, 2);
      if (code == 0xfffe && size >= 40) code = word_at(bytes, place + 32, 2);  // extensible: in its subformat
      GRADUS_CHECK(code == 1 || code == 3 || code == 6 || code == 7, name, ": encoding ", code,
                   ", expected 1 (PCM), 3 (floating point), 6 (A-law) or 7 (mu-law)");
    }
    if (kind == "data") {
      GRADUS_CHECK(format, name, ": samples before their format");
      GRADUS_CHECK(size > 0, name, ": no samples");
      return;
    }
    place += 8 + size + size % 2;
  }
  throw Error(name + ": no samples");
}

}  // namespace

Sound parse_wav(std::span<const std::byte> bytes, const std::string& name, const WavOptions& options) {
  check_chunks(bytes, name);
  Memory memory{.source = bytes};
  SF_INFO info{};
  const File file(sf_open_virtual(&callbacks, SFM_READ, &info, &memory), sf_close);
  GRADUS_CHECK(file, name, ": damaged WAV file: ", sf_strerror(nullptr));
  GRADUS_CHECK(info.samplerate > 0, name, ": ", info.samplerate, " samples per second");
  GRADUS_CHECK(options.rate == 0 || info.samplerate == options.rate, name, ": ", info.samplerate,
               " samples per second, expected ", options.rate);
  GRADUS_CHECK(info.frames > 0 && info.channels > 0, name, ": no samples");
  GRADUS_CHECK(info.frames <= static_cast<sf_count_t>(bytes.size()), name,
               ": damaged WAV file: ", info.frames, " samples in ", bytes.size(), " bytes");
  Sound sound{Tensor({info.frames}), info.samplerate};
  const Index channels = info.channels,
              piece = 4096;  // frames per call: no second copy of the file in memory
  std::vector<double> values(static_cast<std::size_t>(piece * channels));
  for (Index t = 0; t < info.frames;) {
    const Index wanted = std::min(piece, info.frames - t),
                count = sf_readf_double(file.get(), values.data(), wanted);
    GRADUS_CHECK(count == wanted, name, ": damaged WAV file: sample ", t + count, " cannot be decoded");
    for (Index i = 0; i < count; ++i) {
      double sum = 0;
      for (Index c = 0; c < channels; ++c) sum += values[static_cast<std::size_t>(i * channels + c)];
      const auto value = static_cast<Real>(sum / static_cast<double>(channels));
      GRADUS_CHECK(std::isfinite(value), name, ": sample ", t + i, " is not finite");
      sound.samples[t + i] = value;
    }
    t += count;
  }
  return sound;
}

Sound read_wav(const std::filesystem::path& path, const WavOptions& options) {
  return parse_wav(read_file(path), path.string(), options);
}

void write_wav(const std::filesystem::path& path, const Sound& sound) {
  const Tensor& x = sound.samples;
  GRADUS_CHECK(x.rank() == 1 && x.size() > 0, path.string(), ": samples ", x.shape(),
               " must be [T] with T > 0");
  GRADUS_CHECK(sound.rate > 0, path.string(), ": the rate must be positive, got ", sound.rate);
  std::vector<short> values;
  for (Index t = 0; t < x.size(); ++t) {
    GRADUS_CHECK(std::isfinite(x[t]), path.string(), ": sample ", t, " is ", x[t]);
    values.push_back(static_cast<short>(std::lround(std::clamp<double>(32768. * x[t], -32768, 32767))));
  }
  Memory memory{.writing = true};
  SF_INFO info{.frames = 0,
               .samplerate = sound.rate,
               .channels = 1,
               .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16,
               .sections = 0,
               .seekable = 0};
  File file(sf_open_virtual(&callbacks, SFM_WRITE, &info, &memory), sf_close);
  GRADUS_CHECK(file, path.string(), ": cannot be written: ", sf_strerror(nullptr));
  const sf_count_t count = sf_write_short(file.get(), values.data(), x.size());
  GRADUS_CHECK(count == x.size(), path.string(), ": cannot be written: ", sf_strerror(file.get()));
  file.reset();  // completes the header
  write_file(path, memory.target);
}

Sound joined(const std::vector<Sound>& sounds, double pause) {
  GRADUS_CHECK(!sounds.empty(), "joined: no sounds");
  GRADUS_CHECK(pause >= 0, "joined: the pause must not be negative, got ", pause);
  const int rate = sounds[0].rate;
  const auto gap = static_cast<Index>(std::lround(pause * rate));
  Index length = gap * (static_cast<Index>(sounds.size()) - 1);
  for (const Sound& sound : sounds) {
    GRADUS_CHECK(sound.rate == rate, "joined: sounds of ", rate, " and ", sound.rate, " samples per second");
    length += sound.samples.size();
  }
  Tensor samples = Tensor::zeros({length});
  Index place = 0;
  for (const Sound& sound : sounds) {
    std::copy_n(sound.samples.data(), sound.samples.size(), samples.data() + place);
    place += sound.samples.size() + gap;
  }
  return {samples, rate};
}

}  // namespace gradus
