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

void check_limit(const fs::path& path, Index limit) {
  GRADUS_CHECK(limit >= 0, path.string(), ": limit ", limit, ", must not be negative");
}

/// The first `limit` records (0: all).
Dataset parse(std::span<const std::byte> bytes, const std::string& name, Index limit) {
  const auto size = static_cast<Index>(bytes.size()), records = size / record_bytes;
  GRADUS_CHECK(records >= 1 && size % record_bytes == 0, name, ": ", size, " bytes, expected records of ",
               record_bytes, " bytes; the last one begins at byte ", records * record_bytes, " and has ",
               size % record_bytes);
  const Index count = limit > 0 ? std::min(limit, records) : records;
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

}  // namespace

Dataset parse_cifar10(std::span<const std::byte> bytes, const std::string& name) {
  return parse(bytes, name, 0);
}

Dataset read_cifar10(const fs::path& path, Index limit) {
  check_limit(path, limit);
  return parse(read_file(path), path.string(), limit);
}

Dataset load_cifar10(const fs::path& root, Index limit) {
  const fs::path folder = root / "cifar10";
  check_limit(folder, limit);
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string file = entry->path().filename().string();
    if (file.starts_with("data_batch_") && file.ends_with(".bin")) files.push_back(entry->path());
  }
  GRADUS_CHECK(!code || code == std::errc::no_such_file_or_directory, folder.string(),
               ": cannot list the folder: ", code.message());
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
