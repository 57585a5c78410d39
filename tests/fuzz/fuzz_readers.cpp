// Feeds damaged input to every reader. A reader may succeed or throw gradus::Error.
// Any other outcome is a bug, and so is requesting much more memory than the input justifies.
// Build with the address and undefined-behaviour sanitizers:
//
//   fuzz_readers --iterations 2000 --seed 1 [--only NAME]
//
// The same seed gives the same inputs on every machine. To test another reader, add a line to `targets`.
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"
#include "gradus/base/random.hpp"
#include "gradus/data/dataset.hpp"
#include "gradus/data/formats/cifar.hpp"
#include "gradus/data/formats/frey.hpp"
#include "gradus/data/formats/idx.hpp"
#include "gradus/data/formats/image_folder.hpp"
#include "gradus/data/formats/plain_text.hpp"
#include "gradus/data/formats/sound_folder.hpp"
#include "gradus/data/formats/table.hpp"
#include "gradus/data/formats/usps.hpp"
#include "gradus/data/generated/digits.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/io/image.hpp"
#include "gradus/io/sheet.hpp"
#include "gradus/io/sound.hpp"
#include "mutate.hpp"

using namespace gradus;
using namespace gradus::fuzzing;
namespace fs = std::filesystem;

// The address sanitizer calls this function for its options: one allocation above 600 MB is an error.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "max_allocation_size_mb=600:allocator_may_return_null=0";
}

namespace {

// A JPEG of 9 x 9 pixels, in hexadecimal.
const char* const jpeg =
    "ffd8ffe000104a46494600010100000100010000ffdb008400140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e24"
    "3249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817c011517171e1a1e3b21213b"
    "7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c"
    "7c7c7c7cffc00011080009000903012200021101031101ffc401a20000010501010101010100000000000000000102030405"
    "060708090a0b100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1"
    "c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566"
    "6768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4"
    "c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa010003010101010101010101000000"
    "0000000102030405060708090a0b110002010204040304070504040001027700010203110405213106124151076171132232"
    "8108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455"
    "565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3"
    "b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9faffda000c030100"
    "02110311003f00521776c20c71670028ea3257ff004175fcaabefd4ffe7d27ff00be6a4b8ff55ff7c7fe831d6dd73e27112c"
    "359455ee3e54e2a4fa9fffd9";

Bytes from_hex(const std::string& digits) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

// The output of a writer, by way of a file.
Bytes written(const std::string& ending, const std::function<void(const fs::path&)>& write) {
  const fs::path path =
      fs::temp_directory_path() / ("gradus_fuzz_seed_" + std::to_string(::getpid()) + ending);
  write(path);
  Bytes bytes = read_file(path);
  fs::remove(path);
  return bytes;
}

// A MATLAB 5 file with one matrix `ff` of bytes, 560 x 2, plain or compressed.
Bytes mat_file(bool compressed) {
  const auto put = [](Bytes& out, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  };
  Bytes matrix;
  for (const std::uint32_t word : {6u, 8u, 9u, 0u, 5u, 8u, 560u, 2u, 0x20001u, 0x6666u, 2u, 1120u})
    put(matrix, word);
  matrix.resize(matrix.size() + 1120, std::byte{90});
  Bytes element;
  for (const std::uint32_t word : {14u, static_cast<std::uint32_t>(matrix.size())}) put(element, word);
  element.insert(element.end(), matrix.begin(), matrix.end());
  Bytes file = bytes_of("MATLAB 5.0 MAT-file");
  file.resize(124, std::byte{' '});
  put(file, 0x4d490100);
  if (compressed) {
    uLongf size = compressBound(static_cast<uLong>(element.size()));
    Bytes packed(size);
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(element.data()),
             static_cast<uLong>(element.size()));
    packed.resize(size);
    put(file, 15);
    put(file, static_cast<std::uint32_t>(size));
    element = packed;
  }
  file.insert(file.end(), element.begin(), element.end());
  return file;
}

// A safetensors file with a tensor of two elements of every dtype, and one of an unknown dtype.
Bytes weights_of_every_type() {
  std::string header = "{\"__metadata__\":null", numbers;
  for (const auto& [type, width] : std::vector<std::pair<const char*, std::size_t>>{{"F16", 2},
                                                                                    {"BF16", 2},
                                                                                    {"F32", 4},
                                                                                    {"F64", 8},
                                                                                    {"I8", 1},
                                                                                    {"I16", 2},
                                                                                    {"I32", 4},
                                                                                    {"I64", 8},
                                                                                    {"U8", 1},
                                                                                    {"U16", 2},
                                                                                    {"U32", 4},
                                                                                    {"U64", 8},
                                                                                    {"BOOL", 1},
                                                                                    {"F8_E5M2", 1},
                                                                                    {"F4", 1}}) {
    const std::size_t begin = numbers.size();
    numbers += std::string(2 * width, '\1');
    header += text(",\"", type, "\":{\"dtype\":\"", type, "\",\"shape\":[2],\"data_offsets\":[", begin, ",",
                   numbers.size(), "]}");
  }
  header += "}";
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 2; ++i) length[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes_of(length + header + numbers);
}

std::vector<Target> weight_targets() {
  const Bytes checkpoint = written(".safetensors", [](const fs::path& path) {
    Rng rng(3);
    std::uint64_t steps = 7;
    State state;
    state.tensors = {{"w", Tensor::randn({2, 3}, rng)}, {"b", Tensor::zeros({3})}};
    state.counters.emplace_back("steps", &steps);
    save_checkpoint(path, state, {{"made by", "the fuzzer"}});
  });
  Bytes cifar(2 * 3073, std::byte{120});
  cifar[0] = std::byte{9}, cifar[3073] = std::byte{0};
  return {
      {"cifar", {cifar}, [](auto bytes) { parse_cifar10(bytes, "fuzz"); }},
      {"weights",
       {checkpoint, weights_of_every_type()},
       [](auto bytes) {
         const TensorFile file = parse_safetensors(bytes, "fuzz");
         State state;
         for (const auto& [name, tensor] : file.tensors) state.tensors.emplace_back(name, tensor.clone());
         load_tensors(file, state);
       }},
      {"weights body",  // with the header's right length, so that damage gets further
       {weights_of_every_type()},
       [sound = weights_of_every_type()](auto bytes) {
         Bytes mended(bytes.begin(), bytes.end());
         std::copy_n(sound.begin(), std::min<std::size_t>(8, mended.size()), mended.begin());
         parse_safetensors(mended, "fuzz");
       }},
  };
}

std::vector<Target> data_targets() {
  const Dataset digits = generated_digits(3, 1).train;
  const IdxArray images = images_to_idx(digits.images), labels = labels_to_idx(digits.labels);
  const auto idx = [](const IdxArray& array, const char* ending) {
    return written(ending, [&](const fs::path& path) { write_idx(path, array); });
  };
  std::string usps = "6.0000";
  for (int i = 0; i < 256; ++i) usps += i % 3 ? " -1.0000" : " 0.8620";
  usps += "\n";
  const std::string table = "length,\"width, all\",kind\n5.1,3.5,small\n4.9,-3e1,\"large\"\n";
  return {
      {"mat", {mat_file(false), mat_file(true)}, [](auto bytes) { parse_mat(bytes, "fuzz", "ff"); }},
      {"frey", {mat_file(false), mat_file(true)}, [](auto bytes) { parse_frey(bytes, "fuzz"); }},
      {"names",
       {bytes_of("an2i_left_angry_open_2.pgm"), bytes_of("s12/3.pgm"), bytes_of("20_1_4_2017.jpg.chip.jpg")},
       [](auto bytes) {
         const std::string name =
             "f/" + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
         if (name.find("pgm") == name.npos)
           parse_utk_name(name);
         else if (name.find('/', 2) == name.npos)
           parse_cmu_name(name);
         else
           parse_orl_name(name);
       }},
      {"idx",
       {idx(images, ""), idx(labels, ""), idx({IdxType::f64, {2}, Bytes(16)}, "")},
       [](auto bytes) {
         const IdxArray array = parse_idx(bytes, "fuzz");
         for (Index i = 0; i < std::min<Index>(array.size(), 100); ++i) array.value(i);
         if (array.type == IdxType::f64) return;
         if (array.sizes.size() == 1)
           idx_labels(array, 10, "fuzz");
         else
           idx_images(array, "fuzz");
       }},
      {"idx.gz", {idx(images, ".gz"), idx(labels, ".gz")}, [](auto bytes) { parse_idx(bytes, "fuzz"); }},
      {"gzip",
       {gzip(Bytes(100000)), gzip(bytes_of(table))},
       [](auto bytes) { gunzip(bytes, "fuzz", 1 << 24); }},
      {"usps",
       {bytes_of(usps), bytes_of("\xef\xbb\xbf" + usps + usps)},
       [](auto bytes) { parse_usps(bytes, "fuzz"); }},
      {"usps.gz", {gzip(bytes_of(usps))}, [](auto bytes) { parse_usps(bytes, "fuzz"); }},
      {"csv",
       {bytes_of(table), bytes_of("\xef\xbb\xbf"
                                  "1,2,0\n3,4,1\n")},
       [](auto bytes) { parse_table(bytes, "fuzz"); }},
      {"text",
       {bytes_of("A caf\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x98\x90,\r\nand more.\n"), gzip(bytes_of(table))},
       [](auto bytes) {
         const PlainText text = parse_text(bytes, "fuzz");
         text.words(0, text.letters.size());
       }},
  };
}

// A PNG of red, green, blue and alpha, 8 bits each.
Bytes alpha_png(std::uint32_t width, std::uint32_t height) {
  const auto put = [](Bytes& out, std::uint32_t value) {
    for (int i = 3; i >= 0; --i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  };
  const auto chunk = [&put](Bytes& out, const char* type, const Bytes& data) {
    put(out, static_cast<std::uint32_t>(data.size()));
    Bytes body = bytes_of(type);
    body.insert(body.end(), data.begin(), data.end());
    out.insert(out.end(), body.begin(), body.end());
    put(out, static_cast<std::uint32_t>(
                 crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
  };
  Bytes header, rows;
  put(header, width), put(header, height);
  for (const int byte : {8, 6, 0, 0, 0}) header.push_back(static_cast<std::byte>(byte));
  for (std::uint32_t i = 0; i < height; ++i) {
    rows.push_back(std::byte{0});  // no filter
    for (std::uint32_t j = 0; j < 4 * width; ++j) rows.push_back(static_cast<std::byte>(31 * i + 7 * j));
  }
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  Bytes packed(size), file = bytes_of("\x89PNG\r\n\x1a\n");
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
           static_cast<uLong>(rows.size()));
  packed.resize(size);
  chunk(file, "IHDR", header), chunk(file, "IDAT", packed), chunk(file, "IEND", {});
  return file;
}

// A root folder with one of the lab's faces per group, removed at the end of the program.
struct LabFolder {
  fs::path root = fs::temp_directory_path() / ("gradus_fuzz_lab_" + std::to_string(::getpid()));
  LabFolder() {
    for (const char* group : {"DF", "DM", "LF", "LM"}) {
      fs::create_directories(face(group).parent_path());
      write_file(face(group), alpha_png(9, 11));
    }
  }
  LabFolder(const LabFolder&) = delete;
  LabFolder& operator=(const LabFolder&) = delete;
  ~LabFolder() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  fs::path face(const char* group) const { return root / "faces/mit_lab2_test" / group / "1.png"; }
};

std::vector<Target> image_targets() {
  const Dataset digits = generated_digits(3, 1).train;
  const Tensor picture = image_grid(digits.images.rows(0, 2), {.scale = 1});
  const auto png = [](const Tensor& image) {
    return written(".png", [&](const fs::path& path) { write_png(path, image); });
  };
  const std::string exif_jpeg = std::string(jpeg).insert(
      4, "ffe1002245786966000049492a00080000000100120103000100000003000000000000000000");
  Bytes pgm = bytes_of("P5\n# grey\n9 7\n255\n");
  pgm.resize(pgm.size() + 63, std::byte{77});
  const auto folder = std::make_shared<LabFolder>();
  return {
      {"lab face",  // of any size, resized to 64 x 64
       {alpha_png(1, 1), alpha_png(59, 70), alpha_png(200, 3), png(picture), pgm},
       [folder](auto bytes) {
         write_file(folder->face("LF"), bytes);
         const Dataset faces = load_lab_faces(folder->root);
         if (faces.images.shape() != Shape{4, 64, 64, 3}) throw std::logic_error("a face is not 64 x 64");
       }},
      {"jpeg", {from_hex(jpeg), from_hex(exif_jpeg)}, [](auto bytes) { parse_image(bytes, "fuzz", 3); }},
      {"png",
       {png(picture), png(digits.images.row(0)), pgm},
       [](auto bytes) { parse_image(bytes, "fuzz", 3); }},
  };
}

std::vector<Target> sound_targets() {
  const Bytes sound = written(".wav", [](const fs::path& path) {
    write_wav(path, {Tensor::full({40}, Real(0.3)), 8000});
  });
  const auto with_format = [&](int code, int channels, int bits) {
    Bytes other = sound;
    const int frame = channels * bits / 8;
    other[20] = static_cast<std::byte>(code), other[22] = static_cast<std::byte>(channels);
    other[32] = static_cast<std::byte>(frame), other[34] = static_cast<std::byte>(bits);
    return other;
  };
  return {
      {"wav",
       {sound, with_format(1, 2, 24), with_format(1, 1, 8), with_format(1, 1, 32), with_format(3, 1, 32),
        with_format(3, 1, 64), with_format(6, 1, 8), with_format(7, 2, 8)},
       [](auto bytes) { parse_wav(bytes, "fuzz"); }},
      {"fsdd names",
       {bytes_of("7_theo_41.wav"), bytes_of("0_a_b_0.WAV")},
       [](auto bytes) {
         parse_fsdd_name("f/" + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
       }},
  };
}

std::vector<Target> targets() {
  std::vector<Target> all = weight_targets();
  for (const auto& more : {data_targets(), image_targets(), sound_targets()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Writes right checksums into the chunks of a PNG, as far as they are complete,
// so that damage gets past that check.
void repair_png(Bytes& bytes) {
  const auto number = [&](std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::size_t>(bytes[at + i]);
    return value;
  };
  for (std::size_t place = 8; place + 12 <= bytes.size();) {
    const std::size_t length = number(place);
    if (length > bytes.size() - place - 12) return;
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(&bytes[place + 4]), static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      bytes[place + 8 + length + i] = static_cast<std::byte>(sum >> (24 - 8 * i) & 0xff);
    place += length + 12;
  }
}

// A compressed stream has a checksum that catches most damage,
// so every second input is damaged before compression.
Bytes damaged(const Target& target, Rng& rng) {
  Bytes input = target.seeds[static_cast<std::size_t>(rng.below(target.seeds.size()))];
  const bool inside = is_gzip(input) && rng.bernoulli(Real(0.5));
  if (inside) input = gunzip(input, "seed");
  for (auto changes = 1 + rng.below(6); changes > 0; --changes) mutate(input, rng);
  if (input.size() > 8 && input[0] == std::byte{0x89} && rng.bernoulli(Real(0.75))) repair_png(input);
  return inside ? gzip(input) : input;
}

}  // namespace

int main(int argc, char** argv) { return fuzz(argc, argv, "fuzz_readers", targets(), damaged); }
