#include "gradus/data/formats/cifar.hpp"

#include <algorithm>
#include <system_error>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

constexpr Index side = 32, plane = side * side, record_bytes = 1 + 3 * plane;

Dataset empty(Index count) {
  Dataset out;
  out.name = "CIFAR-10";
  out.images = Tensor({count, side, side, 3});
  out.classes = 10;
  out.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                     "dog",      "frog",       "horse", "ship", "truck"};
  return out;
}

}  // namespace

Dataset parse_cifar10(std::span<const std::byte> bytes, const std::string& name) {
  const auto size = static_cast<Index>(bytes.size()), count = size / record_bytes;
  GRADUS_CHECK(count >= 1 && size % record_bytes == 0, name, ": ", size, " bytes, expected records of ",
               record_bytes, " bytes; the last one begins at byte ", count * record_bytes, " and has ",
               size % record_bytes);
  const auto value = [&](Index at) { return std::to_integer<int>(bytes[static_cast<std::size_t>(at)]); };
  for (Index n = 0; n < count; ++n)
    GRADUS_CHECK(value(n * record_bytes) <= 9, name, ": record ", n, ", byte ", n * record_bytes, ": label ",
                 value(n * record_bytes), ", expected 0 .. 9");
  Dataset out = empty(count);
  for (Index n = 0; n < count; ++n) {
    out.labels.push_back(value(n * record_bytes));
    Real* image = out.images.data() + n * 3 * plane;
    for (Index c = 0; c < 3; ++c)
      for (Index i = 0; i < plane; ++i)
        image[3 * i + c] = static_cast<Real>(value(n * record_bytes + 1 + c * plane + i)) / 255;
  }
  return out;
}

Dataset read_cifar10(const fs::path& path, Index limit) {
  GRADUS_CHECK(limit >= 0, path.string(), ": limit ", limit, ", must not be negative");
  const Dataset all = parse_cifar10(read_file(path), path.string());
  return limit > 0 ? all.take(limit) : all;
}

Dataset load_cifar10(const fs::path& root, Index limit) {
  const fs::path folder = root / "cifar10";
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string file = entry->path().filename().string();
    if (file.starts_with("data_batch_") && file.ends_with(".bin")) files.push_back(entry->path());
  }
  GRADUS_CHECK(!files.empty(), folder.string(), ": no file data_batch_*.bin");
  std::sort(files.begin(), files.end());
  std::vector<Dataset> parts;
  Index count = 0;
  for (const fs::path& file : files) {
    if (limit > 0 && count >= limit) break;
    parts.push_back(read_cifar10(file, limit > 0 ? limit - count : 0));
    count += parts.back().size();
  }
  Dataset out = empty(count);
  Index first = 0;
  for (const Dataset& part : parts) {
    out.images.rows(first, first + part.size()).copy_from(part.images);
    out.labels.insert(out.labels.end(), part.labels.begin(), part.labels.end());
    first += part.size();
  }
  return out;
}

}  // namespace gradus
