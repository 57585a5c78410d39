#include "gradus/io/animation.hpp"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "byte.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

namespace gradus {
namespace {

using Bytes = std::vector<GifByteType>;

// The size of a film's frames.
struct Film {
  Index frames = 0, height = 0, width = 0, channels = 0;
  Index pixels() const { return height * width; }
};

// 256 colours, and the index of its colour for every pixel of the film.
struct Paletted {
  std::array<GifColorType, 256> colors{};
  Bytes indices{};
};

Paletted grey(const Film&, const Bytes& values) {
  Paletted out;
  for (std::size_t i = 0; i < out.colors.size(); ++i) {
    const auto level = static_cast<GifByteType>(i);
    out.colors[i] = {level, level, level};
  }
  out.indices = values;
  return out;
}

// Uses the colours as they are when there are no more than 256 of them.
bool few_colors(const Bytes& values, Paletted& out) {
  std::unordered_map<std::uint32_t, GifByteType> known;
  out.indices.resize(values.size() / 3);
  for (std::size_t i = 0; i < out.indices.size(); ++i) {
    const GifByteType* rgb = values.data() + 3 * i;
    const std::uint32_t key =
        static_cast<std::uint32_t>(rgb[0]) << 16 | static_cast<std::uint32_t>(rgb[1]) << 8 | rgb[2];
    const auto [color, is_new] = known.try_emplace(key, static_cast<GifByteType>(known.size()));
    if (is_new) {
      if (known.size() > out.colors.size()) return false;
      out.colors[color->second] = {rgb[0], rgb[1], rgb[2]};
    }
    out.indices[i] = color->second;
  }
  return true;
}

Paletted colored(const Film& film, const Bytes& values, const std::string& name) {
  Paletted out;
  if (few_colors(values, out)) return out;
  std::array<Bytes, 3> planes;
  for (std::size_t c = 0; c < 3; ++c) {
    planes[c].resize(out.indices.size());
    for (std::size_t i = 0; i < out.indices.size(); ++i) planes[c][i] = values[3 * i + c];
  }
  int found = static_cast<int>(out.colors.size()) - 1;  // one index stays free for transparent pixels
  // The stacked frames are quantised as one picture with one palette, so that colours do not flicker.
  const int result = GifQuantizeBuffer(
      static_cast<unsigned>(film.width), static_cast<unsigned>(film.height * film.frames), &found,
      planes[0].data(), planes[1].data(), planes[2].data(), out.indices.data(), out.colors.data());
  GRADUS_CHECK(result == GIF_OK, name, ": write_gif: no memory to choose 256 colours");
  return out;
}

// A rectangle of pixels.
struct Box {
  Index top = 0, left = 0, height = 1, width = 1;
};

// The smallest box around the pixels that differ between two frames; one pixel when none does.
Box changes(const Film& film, const GifByteType* before, const GifByteType* now) {
  Index top = film.height, left = film.width, bottom = -1, right = -1;
  for (Index i = 0; i < film.height; ++i)
    for (Index j = 0; j < film.width; ++j)
      if (before[i * film.width + j] != now[i * film.width + j]) {
        top = std::min(top, i), bottom = i;
        left = std::min(left, j), right = std::max(right, j);
      }
  return bottom < 0 ? Box{} : Box{top, left, bottom + 1 - top, right + 1 - left};
}

// An index of the palette that no pixel has, or NO_TRANSPARENT_COLOR.
int free_index(const Bytes& indices) {
  std::array<bool, 256> used{};
  for (const GifByteType index : indices) used[index] = true;
  const auto* found = std::find(used.begin(), used.end(), false);
  return found == used.end() ? NO_TRANSPARENT_COLOR : static_cast<int>(found - used.begin());
}

// Writes a GIF into memory; giflib's state is released at the end of the scope.
class GifWriter {
 public:
  explicit GifWriter(const std::string& name) : name_(name) {
    int code = 0;
    gif_ = EGifOpen(this, append, &code);
    GRADUS_CHECK(gif_, name, ": write_gif: giflib cannot begin, error ", code);
    EGifSetGifVersion(gif_, true);  // GIF89a: delays and repeats
  }
  ~GifWriter() { close(); }
  GifWriter(const GifWriter&) = delete;
  GifWriter& operator=(const GifWriter&) = delete;

  void begin(const Film& film, Index scale, const std::array<GifColorType, 256>& colors, Index repeats) {
    ColorMapObject* map = GifMakeMapObject(256, colors.data());
    GRADUS_CHECK(map, name_, ": write_gif: no memory");
    const int result = EGifPutScreenDesc(gif_, static_cast<int>(film.width * scale),
                                         static_cast<int>(film.height * scale), 8, 0, map);
    GifFreeMapObject(map);
    check(result);
    // Netscape's extension for repeating, which every player supports.
    std::array<GifByteType, 3> loop = {1, static_cast<GifByteType>(repeats & 0xff),
                                       static_cast<GifByteType>(repeats >> 8)};
    check(EGifPutExtensionLeader(gif_, APPLICATION_EXT_FUNC_CODE));
    check(EGifPutExtensionBlock(gif_, 11, "NETSCAPE2.0"));
    check(EGifPutExtensionBlock(gif_, static_cast<int>(loop.size()), loop.data()));
    check(EGifPutExtensionTrailer(gif_));
  }

  // After the first frame (before: null), only the box of changes is written, and pixels in it that stay are
  // `transparent`, if there is such an index.
  void frame(const Film& film, Index scale, const GifByteType* before, const GifByteType* now,
             int transparent, int delay) {
    const Box box = before ? changes(film, before, now) : Box{0, 0, film.height, film.width};
    const bool keeps = before && transparent != NO_TRANSPARENT_COLOR;
    GraphicsControlBlock control{};
    control.DisposalMode = DISPOSE_DO_NOT;
    control.DelayTime = delay;
    control.TransparentColor = keeps ? transparent : NO_TRANSPARENT_COLOR;
    std::array<GifByteType, 4> bytes{};
    EGifGCBToExtension(&control, bytes.data());
    check(EGifPutExtension(gif_, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(bytes.size()), bytes.data()));
    check(EGifPutImageDesc(gif_, static_cast<int>(box.left * scale), static_cast<int>(box.top * scale),
                           static_cast<int>(box.width * scale), static_cast<int>(box.height * scale), false,
                           nullptr));
    Bytes line(static_cast<std::size_t>(box.width * scale));
    for (Index i = 0; i < box.height * scale; ++i) {
      const Index row = (box.top + i / scale) * film.width + box.left;
      for (Index j = 0; j < box.width * scale; ++j) {
        const Index at = row + j / scale;
        const bool same = keeps && now[at] == before[at];
        line[static_cast<std::size_t>(j)] = same ? static_cast<GifByteType>(transparent) : now[at];
      }
      check(EGifPutLine(gif_, line.data(), static_cast<int>(line.size())));
    }
  }

  std::vector<std::byte> finish() {
    GRADUS_CHECK(close() == GIF_OK, name_, ": write_gif: giflib cannot finish");
    return std::move(out_);
  }

 private:
  static int append(GifFileType* gif, const GifByteType* data, int size) {
    auto& out = static_cast<GifWriter*>(gif->UserData)->out_;
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    out.insert(out.end(), bytes, bytes + size);
    return size;
  }
  void check(int result) const {
    GRADUS_CHECK(result == GIF_OK, name_, ": write_gif: giflib failed, error ", gif_->Error);
  }
  int close() {
    GifFileType* gif = std::exchange(gif_, nullptr);
    int code = 0;
    return gif ? EGifCloseFile(gif, &code) : GIF_OK;
  }

  std::string name_;
  GifFileType* gif_ = nullptr;
  std::vector<std::byte> out_;
};

void check_film(const Film& film, const GifOptions& options, const std::string& name) {
  GRADUS_CHECK(film.frames >= 1, name, ": write_gif: no frame, needs at least 1");
  GRADUS_CHECK(film.pixels() >= 1 && (film.channels == 1 || film.channels == 3), name,
               ": write_gif: frames of ", film.height, " x ", film.width, " pixels, ", film.channels,
               " channels, expected [H, W, 1 or 3]");
  GRADUS_CHECK(options.frames_per_second >= 1 && options.frames_per_second <= 50, name,
               ": write_gif: ", options.frames_per_second, " frames per second, expected 1 .. 50");
  GRADUS_CHECK(options.repeats >= 0 && options.repeats <= 65535, name, ": write_gif: ", options.repeats,
               " repeats, expected 0 .. 65535");
  const Index side = std::max(film.height, film.width);
  GRADUS_CHECK(options.scale >= 1 && side <= 65535 && options.scale <= 65535 / side, name,
               ": write_gif: ", film.height, " x ", film.width, " pixels magnified by ", options.scale,
               ", expected sides of 1 .. 65535");
}

void write_film(const std::filesystem::path& path, const Film& film, const Bytes& values,
                const GifOptions& options) {
  const std::string name = path.string();
  const Paletted pictures = film.channels == 1 ? grey(film, values) : colored(film, values, name);
  GifWriter writer(name);
  writer.begin(film, options.scale, pictures.colors, options.repeats);
  const int delay = static_cast<int>(std::lround(100 / options.frames_per_second));
  const Index back = options.back_and_forth ? std::max<Index>(film.frames - 2, 0) : 0;
  const int transparent = free_index(pictures.indices);
  const GifByteType* before = nullptr;
  for (Index i = 0; i < film.frames + back; ++i) {
    const Index at = i < film.frames ? i : 2 * (film.frames - 1) - i;
    const GifByteType* now = pictures.indices.data() + at * film.pixels();
    writer.frame(film, options.scale, before, now, transparent, delay);
    before = now;
  }
  write_file(path, writer.finish());
}

}  // namespace

void write_gif(const std::filesystem::path& path, const Tensor& frames, const GifOptions& options) {
  GRADUS_CHECK(frames.rank() == 4, path.string(), ": write_gif: shape ", frames.shape(),
               ", expected [N, H, W, 1 or 3]");
  const Film film{frames.dim(0), frames.dim(1), frames.dim(2), frames.dim(3)};
  check_film(film, options, path.string());
  Bytes values(static_cast<std::size_t>(frames.size()));
  std::transform(frames.data(), frames.data() + frames.size(), values.begin(), to_byte);
  write_film(path, film, values, options);
}

void write_gif(const std::filesystem::path& path, const std::vector<Tensor>& frames,
               const GifOptions& options) {
  GRADUS_CHECK(!frames.empty(), path.string(), ": write_gif: no frame, needs at least 1");
  const Shape& shape = frames[0].shape();
  GRADUS_CHECK(shape.rank() == 2 || shape.rank() == 3, path.string(), ": write_gif: shape ", shape,
               ", expected [H, W], [H, W, 1] or [H, W, 3]");
  const Film film{static_cast<Index>(frames.size()), shape[0], shape[1], shape.rank() == 3 ? shape[2] : 1};
  check_film(film, options, path.string());
  Bytes values;
  for (const Tensor& frame : frames) {
    GRADUS_CHECK(frame.shape() == shape, path.string(), ": write_gif: a frame has shape ", frame.shape(),
                 ", the first one ", shape);
    std::transform(frame.data(), frame.data() + frame.size(), std::back_inserter(values), to_byte);
  }
  write_film(path, film, values, options);
}

}  // namespace gradus
