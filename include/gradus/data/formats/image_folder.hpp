#pragma once
// Folders of pictures as data sets, and the three face sets that tell in their file names whom they show:
// CMU Face Images, ORL (AT&T) faces, UTKFace.
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

struct ImageFolderOptions {
  Index height = 0,
        width = 0;     ///< every picture is brought to this size; 0, 0: left as it is, all must agree
  Index channels = 1;  ///< 1 grey, 3 colours
  Index limit = 0;     ///< at most so many pictures, the first in sorted order; 0: all
};

/// The pictures (.png .jpg .jpeg .pgm .ppm, in small or capital letters) in a folder and the folders under
/// it, relative to it, sorted byte by byte. Hidden files and folders (a name that begins with '.'), @eaDir
/// and
/// __MACOSX do not count. Throws Error when it is not a folder or holds none.
std::vector<std::string> image_files(const std::filesystem::path& folder);

/// These pictures in this order: [N, H, W, channels] in [0, 1], no labels.
/// Throws Error when a picture is missing or broken, or sizes differ and options say nothing of a size.
Dataset read_images(const std::filesystem::path& folder, const std::vector<std::string>& files,
                    const ImageFolderOptions& options = {});

/// A folder as a data set. When all pictures lie in subfolders, the first subfolder is the class: labels,
/// class_names.
Dataset read_image_folder(const std::filesystem::path& folder, const ImageFolderOptions& options = {});

/// A picture in another size: [H, W, C] -> [height, width, C]. Each pixel is a weighted mean of the pixels it
/// covers (shrinking) or of its neighbours (enlarging: bilinear). Throws Error unless the rank is 3 and all
/// sizes are positive.
Tensor resize_image(const Tensor& image, Index height, Index width);

// --- CMU Face Images: faces/cmu/<person>/<person>_<pose>_<expression>_<eyes>_<scale>.pgm

struct CmuName {
  static constexpr std::array<const char*, 4> poses = {"straight", "left", "right", "up"};
  static constexpr std::array<const char*, 4> expressions = {"neutral", "happy", "sad", "angry"};
  static constexpr std::array<const char*, 2> eyes_names = {"open", "sunglasses"};

  std::string person{};
  int pose = 0;        ///< place in `poses`
  int expression = 0;  ///< place in `expressions`
  int eyes = 0;        ///< place in `eyes_names`
};

/// What a file's name says; folders before it do not count. Throws Error, naming file and field, when it does
/// not have that form.
CmuName parse_cmu_name(const std::string& file);

struct CmuFaces {
  Dataset data{};                ///< the label is the person
  std::vector<CmuName> names{};  ///< one a picture
};
/// `<root>/faces/cmu`: 64 x 60 as they are. Throws Error when it is missing or broken.
CmuFaces load_cmu_faces(const std::filesystem::path& root, const ImageFolderOptions& options = {});

// --- ORL: faces/orl/s<person>/<picture>.pgm

struct OrlName {
  int person = 0;   ///< 1 .. 40
  int picture = 0;  ///< 1 .. 10
};
/// What the path says: "s12/3.pgm" with or without folders before it. Throws Error, naming file and field,
/// for another form.
OrlName parse_orl_name(const std::string& file);
/// `<root>/faces/orl`: 112 x 92 as they are, label = person - 1, 40 classes. Throws Error when it is missing
/// or broken.
Dataset load_orl_faces(const std::filesystem::path& root, const ImageFolderOptions& options = {});

// --- UTKFace: faces/utkface/<age>_<gender>_<race>_<date>.jpg.chip.jpg

struct UtkName {
  static constexpr std::array<const char*, 2> genders = {"male", "female"};
  static constexpr std::array<const char*, 5> races = {"White", "Black", "Asian", "Indian",
                                                       "Others"};  // as published

  int age = 0;     ///< 0 .. 120, years as estimated by the set's authors
  int gender = 0;  ///< place in `genders`
  int race = 0;    ///< place in `races`
};
/// What a file's name says; folders before it do not count. Throws Error, naming file and field, for another
/// form.
UtkName parse_utk_name(const std::string& file);

struct UtkFaces {
  Dataset data{};                ///< [N, H, W, C], no labels
  std::vector<UtkName> names{};  ///< one a picture
};
/// `<root>/faces/utkface`: 200 x 200 JPEG, brought to the wished size (32 x 32 in colour unless told
/// otherwise), in sorted order. Throws Error when it is missing or broken.
UtkFaces load_utk_faces(const std::filesystem::path& root,
                        const ImageFolderOptions& options = {.height = 32, .width = 32, .channels = 3});
/// The same made ready: `<root>/faces/utkface32-images-idx4-ubyte` and `utkface32-attrs-idx2-ubyte`, each
/// with or without .gz: [N, 32, 32, 3]. Throws Error when one is missing, broken, or the two disagree.
UtkFaces load_utk_faces32(const std::filesystem::path& root);

}  // namespace gradus
