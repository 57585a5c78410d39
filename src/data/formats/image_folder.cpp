#include "gradus/data/formats/image_folder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
#include <system_error>

#include "gradus/base/check.hpp"
#include "gradus/data/formats/idx.hpp"
#include "gradus/io/image.hpp"

namespace gradus {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 5> endings = {".png", ".jpg", ".jpeg", ".pgm", ".ppm"};

bool is_picture(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](char letter) {
    return 'A' <= letter && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

// Entries that systems create beside pictures: hidden files and folders (._a.png, .ipynb_checkpoints,
// .thumbnails), folders with thumbnails (Synology's @eaDir) and with resource forks (__MACOSX).
bool is_clutter(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "@eaDir" || name == "__MACOSX";
}

void check_options(const ImageFolderOptions& options, const std::string& folder) {
  const Index least = std::min(options.height, options.width), most = std::max(options.height, options.width);
  GRADUS_CHECK((least == 0 && most == 0) || (least >= 1 && most <= 16384), folder, ": size ", options.height,
               " x ", options.width, ", expected 1 .. 16384 per side, or 0 x 0 to keep the original size");
  GRADUS_CHECK(options.channels == 1 || options.channels == 3, folder, ": ", options.channels,
               " channels, expected 1 or 3");
  GRADUS_CHECK(options.limit >= 0, folder, ": limit ", options.limit, ", must not be negative");
}

void keep_first(std::vector<std::string>& files, Index limit) {
  if (limit > 0 && static_cast<Index>(files.size()) > limit) files.resize(static_cast<std::size_t>(limit));
}

// The weight of each pixel of a line of `from` pixels in pixel `at` of a line of `to` pixels: a triangle as
// wide as the larger of the two pixels, cut at the ends of the line. The weights sum to 1.
struct Weights {
  Index first = 0;
  std::vector<Real> values{};
};

Weights resize_weights(Index from, Index to, Index at) {
  const double ratio = static_cast<double>(from) / static_cast<double>(to), reach = std::max(ratio, 1.0);
  const double middle = (static_cast<double>(at) + 0.5) * ratio - 0.5;
  const Index first = std::max<Index>(0, static_cast<Index>(std::floor(middle - reach)) + 1);
  const Index last = std::min(from - 1, static_cast<Index>(std::ceil(middle + reach)) - 1);
  std::vector<double> values;
  double sum = 0;
  for (Index i = first; i <= last; ++i) {
    values.push_back(1 - std::abs(static_cast<double>(i) - middle) / reach);
    sum += values.back();
  }
  Weights weights{first, {}};
  for (double value : values) weights.values.push_back(static_cast<Real>(value / sum));
  return weights;
}

// Resizes the middle axis: [outer, from, inner] -> [outer, to, inner].
std::vector<Real> resize_axis(std::span<const Real> in, Index outer, Index from, Index to, Index inner) {
  std::vector<Real> out(static_cast<std::size_t>(outer * to * inner));
  for (Index j = 0; j < to; ++j) {
    const Weights weights = resize_weights(from, to, j);
    for (Index o = 0; o < outer; ++o) {
      Real* target = out.data() + (o * to + j) * inner;
      const Real* source = in.data() + (o * from + weights.first) * inner;
      for (const Real weight : weights.values) {
        for (Index c = 0; c < inner; ++c) target[c] += weight * source[c];
        source += inner;
      }
    }
  }
  return out;
}

// The parts of a file name: person, pose, ...
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == text.npos ? end : end - begin));
    if (end == text.npos) return parts;
    begin = end + 1;
  }
}

std::string_view last_part(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return std::string_view(file).substr(slash == file.npos ? 0 : slash + 1);
}

// The index of a word in a list of allowed words.
template <std::size_t N>
int one_of(std::string_view word, const std::array<const char*, N>& allowed, const std::string& file,
           const char* field) {
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    if (word == allowed[i]) return static_cast<int>(i);
    all += (i == 0 ? "" : ", ") + std::string(allowed[i]);
  }
  throw Error(text(file, ": ", field, " '", word.substr(0, 40), "', expected one of ", all));
}

int whole_number(std::string_view word, int low, int high, const std::string& file, const char* field) {
  int value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  GRADUS_CHECK(code == std::errc() && end == word.data() + word.size() && low <= value && value <= high, file,
               ": ", field, " '", word.substr(0, 40), "', expected a number ", low, " .. ", high);
  return value;
}

// Parses the names of all pictures in a set, so that invalid names are found before any picture is read.
template <class Name>
std::vector<Name> parse_names(const fs::path& folder, const std::vector<std::string>& files,
                              Name (*parse)(const std::string&)) {
  std::vector<Name> names;
  for (const std::string& file : files) names.push_back(parse((folder / file).generic_string()));
  return names;
}

}  // namespace

Tensor resize_image(const Tensor& image, Index height, Index width) {
  GRADUS_CHECK(image.rank() == 3 && image.size() > 0, "resize_image: shape ", image.shape(),
               ", expected [H, W, C]");
  GRADUS_CHECK(height >= 1 && width >= 1, "resize_image: to ", height, " x ", width,
               ", expected at least 1 x 1");
  const Index rows = image.dim(0), columns = image.dim(1), channels = image.dim(2);
  const std::vector<Real> low = resize_axis(image.values(), 1, rows, height, columns * channels);
  return Tensor::of({height, width, channels}, resize_axis(low, height, columns, width, channels));
}

std::vector<std::string> image_files(const fs::path& folder) {
  std::error_code code;
  GRADUS_CHECK(fs::is_directory(folder, code), folder.string(), ": is not a folder");
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code)) {
    if (is_clutter(entry->path()))
      entry.disable_recursion_pending();
    else if (is_picture(entry->path()) && entry->is_regular_file(code))
      files.push_back(entry->path().lexically_relative(folder).generic_string());
  }
  GRADUS_CHECK(!code, folder.string(), ": cannot list the folder: ", code.message());
  GRADUS_CHECK(!files.empty(), folder.string(), ": no pictures (.png .jpg .jpeg .pgm .ppm) in this folder");
  std::sort(files.begin(), files.end());
  return files;
}

Dataset read_images(const fs::path& folder, const std::vector<std::string>& files,
                    const ImageFolderOptions& options) {
  check_options(options, folder.string());
  std::vector<std::string> chosen = files;
  keep_first(chosen, options.limit);
  GRADUS_CHECK(!chosen.empty(), folder.string(), ": no pictures to read");
  Dataset dataset;
  dataset.name = folder.filename().string();
  const auto count = static_cast<Index>(chosen.size());
  for (Index i = 0; i < count; ++i) {
    const fs::path path = folder / chosen[static_cast<std::size_t>(i)];
    Tensor image = read_image(path, static_cast<int>(options.channels));
    if (options.height > 0) image = resize_image(image, options.height, options.width);
    if (i == 0) dataset.images = Tensor({count, image.dim(0), image.dim(1), options.channels});
    GRADUS_CHECK(image.shape() == dataset.images.row(i).shape(), path.string(), ": ", image.dim(0), " x ",
                 image.dim(1), " pixels, the pictures before it have ", dataset.images.dim(1), " x ",
                 dataset.images.dim(2), "; set a size to which all are resized");
    dataset.images.row(i).copy_from(image);
  }
  return dataset;
}

Dataset read_image_folder(const fs::path& folder, const ImageFolderOptions& options) {
  check_options(options, folder.string());
  std::vector<std::string> files = image_files(folder), classes;
  const bool classed = std::all_of(files.begin(), files.end(),
                                   [](const std::string& file) { return file.find('/') != file.npos; });
  if (classed) {
    for (const std::string& file : files) classes.push_back(file.substr(0, file.find('/')));
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  }
  keep_first(files, options.limit);
  Dataset dataset = read_images(folder, files, options);
  dataset.classes = static_cast<int>(classes.size());
  dataset.class_names = classes;
  for (const std::string& file : files) {
    if (!classed) break;
    const auto found = std::lower_bound(classes.begin(), classes.end(), file.substr(0, file.find('/')));
    dataset.labels.push_back(static_cast<int>(found - classes.begin()));
  }
  return dataset;
}

CmuName parse_cmu_name(const std::string& file) {
  const std::string_view name = last_part(file);
  constexpr std::string_view ending = ".pgm";
  GRADUS_CHECK(name.ends_with(ending), file, ": file type, expected ", ending);
  const auto parts = split(name.substr(0, name.size() - ending.size()), '_');
  GRADUS_CHECK(parts.size() == 4 || parts.size() == 5, file, ": ", parts.size(),
               " parts in the name, expected person_pose_expression_eyes_scale");
  GRADUS_CHECK(!parts[0].empty(), file, ": person '', expected a name");
  if (parts.size() == 5) whole_number(parts[4], 1, 4, file, "scale");  // the full size has none
  return {std::string(parts[0]), one_of(parts[1], CmuName::poses, file, "pose"),
          one_of(parts[2], CmuName::expressions, file, "expression"),
          one_of(parts[3], CmuName::eyes_names, file, "eyes")};
}

CmuFaces load_cmu_faces(const fs::path& root, const ImageFolderOptions& options) {
  const fs::path folder = root / "faces" / "cmu";
  CmuFaces faces;
  faces.names = parse_names(folder, image_files(folder), parse_cmu_name);
  faces.data = read_image_folder(folder, options);
  faces.names.resize(static_cast<std::size_t>(faces.data.size()));
  faces.data.name = "CMU face images";
  return faces;
}

OrlName parse_orl_name(const std::string& file) {
  const auto parts = split(file, '/');
  GRADUS_CHECK(parts.size() >= 2, file, ": no folder in the name, expected s<person>/<picture>.pgm");
  const std::string_view folder = parts[parts.size() - 2], name = parts.back();
  constexpr std::string_view ending = ".pgm";
  GRADUS_CHECK(folder.starts_with('s'), file, ": person '", folder.substr(0, 40), "', expected s1 .. s40");
  GRADUS_CHECK(name.ends_with(ending), file, ": file type, expected ", ending);
  return {whole_number(folder.substr(1), 1, 40, file, "person"),
          whole_number(name.substr(0, name.size() - ending.size()), 1, 10, file, "picture")};
}

Dataset load_orl_faces(const fs::path& root, const ImageFolderOptions& options) {
  check_options(options, "ORL faces");
  const fs::path folder = root / "faces" / "orl";
  std::vector<std::string> files = image_files(folder);
  // In numerical order: s2 before s10.
  std::vector<OrlName> names = parse_names(folder, files, parse_orl_name);
  std::vector<std::size_t> order(files.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(names[a].person, names[a].picture) < std::pair(names[b].person, names[b].picture);
  });
  std::vector<std::string> sorted;
  for (std::size_t i : order) sorted.push_back(files[i]);
  keep_first(sorted, options.limit);
  Dataset dataset = read_images(folder, sorted, options);
  dataset.name = "ORL faces";
  dataset.classes = 40;
  for (std::size_t i = 0; i < sorted.size(); ++i) dataset.labels.push_back(names[order[i]].person - 1);
  for (int person = 1; person <= dataset.classes; ++person) dataset.class_names.push_back(text("s", person));
  return dataset;
}

UtkName parse_utk_name(const std::string& file) {
  const auto parts = split(last_part(file), '_');
  GRADUS_CHECK(parts.size() == 4, file, ": ", parts.size(),
               " parts in the name, expected age_gender_race_date");
  const std::string_view date = parts[3].substr(0, parts[3].find('.'));
  GRADUS_CHECK(!date.empty() && date.find_first_not_of("0123456789") == date.npos, file, ": date '",
               date.substr(0, 40), "', expected digits");
  return {whole_number(parts[0], 0, 120, file, "age"), whole_number(parts[1], 0, 1, file, "gender"),
          whole_number(parts[2], 0, 4, file, "race")};
}

UtkFaces load_utk_faces(const fs::path& root, const ImageFolderOptions& options) {
  check_options(options, "UTKFace");
  const fs::path folder = root / "faces" / "utkface";
  std::vector<std::string> files = image_files(folder);
  keep_first(files, options.limit);
  UtkFaces faces;
  faces.names = parse_names(folder, files, parse_utk_name);
  faces.data = read_images(folder, files, options);
  faces.data.name = "UTKFace";
  return faces;
}

UtkFaces load_utk_faces32(const fs::path& root) {
  const auto read = [&root](const char* file) {
    const fs::path path = root / "faces" / file, found = plain_or_gz(path);
    return read_idx(found.empty() ? path : found);
  };
  const std::string name = (root / "faces" / "utkface32-attrs-idx2-ubyte").string();
  const IdxArray images = read("utkface32-images-idx4-ubyte"),
                 attributes = read("utkface32-attrs-idx2-ubyte");
  UtkFaces faces;
  faces.data.name = "UTKFace, 32 x 32";
  faces.data.images = idx_images(images, "utkface32-images-idx4-ubyte");
  GRADUS_CHECK(attributes.type == IdxType::u8 && attributes.sizes.size() == 2 && attributes.sizes[1] == 3,
               name, ": expected bytes with sizes N, 3: age, gender, race");
  GRADUS_CHECK(attributes.sizes[0] == faces.data.size(), name, ": ", attributes.sizes[0], " faces, but ",
               faces.data.size(), " pictures");
  for (Index i = 0; i < faces.data.size(); ++i) {
    const auto field = [&](Index k, int high, const char* what) {
      const int value = static_cast<int>(attributes.value(3 * i + k));
      GRADUS_CHECK(value <= high, name, ": face ", i, ": ", what, " ", value, ", expected 0 .. ", high);
      return value;
    };
    faces.names.push_back({field(0, 120, "age"), field(1, 1, "gender"), field(2, 4, "race")});
  }
  return faces;
}

Dataset load_lab_faces(const fs::path& root, const ImageFolderOptions& options) {
  const fs::path folder = root / "faces" / "mit_lab2_test";
  Dataset faces = read_image_folder(folder, options);
  const std::vector<std::string> codes = {"DF", "DM", "LF", "LM"};
  std::string found;
  for (const std::string& name : faces.class_names) found += (found.empty() ? "" : ", ") + name;
  GRADUS_CHECK(faces.class_names == codes, folder.string(), ": folders '", found,
               "', expected DF, DM, LF, LM");
  faces.name = "6.S191 lab faces";
  faces.class_names = {"dark female", "dark male", "light female", "light male"};
  return faces;
}

}  // namespace gradus
