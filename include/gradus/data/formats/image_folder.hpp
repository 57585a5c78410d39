#pragma once
// Image folders as data sets, and four face data sets whose file names describe the person:
// CMU Face Images, ORL (AT&T) faces, UTKFace, the test faces of the 6.S191 lab.
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// Options of the folder readers.
struct ImageFolderOptions {
  Index height = 0, width = 0;  ///< of the result; 0, 0: no resizing, all images must have one size
  Index channels = 1;           ///< 1 grey, 3 colours
  Index limit = 0;              ///< maximum number of images, the first in sorted order; 0: all
};

/// The paths of the images (.png .jpg .jpeg .pgm .ppm, in lower or upper case) in a folder and its
/// subfolders, relative to it, sorted byte by byte. Hidden files and folders (a name that begins with '.'),
/// `@eaDir` and __MACOSX are ignored. Throws Error when it is not a folder or contains no image.
std::vector<std::string> image_files(const std::filesystem::path& folder);

/// These images in this order: [N, H, W, channels] in [0, 1], no labels.
/// Throws Error when an image is missing or broken, or when sizes differ and the options set none.
Dataset read_images(const std::filesystem::path& folder, const std::vector<std::string>& files,
                    const ImageFolderOptions& options = {});

/// A folder as a data set. When all images are in subfolders, the first subfolder is the class (labels,
/// class_names). Throws Error as image_files and read_images do.
Dataset read_image_folder(const std::filesystem::path& folder, const ImageFolderOptions& options = {});

/// Resizes an image: [H, W, C] -> [height, width, C]. Each pixel is a weighted mean of the pixels it covers
/// (shrinking) or of its neighbours (enlarging: bilinear).
/// Throws Error unless the rank is 3 and all sizes are positive.
Tensor resize_image(const Tensor& image, Index height, Index width);

// --- CMU Face Images: faces/cmu/<person>/<person>_<pose>_<expression>_<eyes>_<scale>.pgm

/// The description of an image in its file name.
struct CmuName {
  // The words of the file name.
  static constexpr std::array<const char*, 4> poses = {"straight", "left", "right", "up"};
  static constexpr std::array<const char*, 4> expressions = {"neutral", "happy", "sad", "angry"};
  static constexpr std::array<const char*, 2> eyes_names = {"open", "sunglasses"};

  std::string person{};  ///< the login name, such as "an2i"
  int pose = 0;          ///< index in `poses`
  int expression = 0;    ///< index in `expressions`
  int eyes = 0;          ///< index in `eyes_names`
};

/// Parses a file's name; folders before it are ignored.
/// Throws Error, naming file and field, when it does not have that form.
CmuName parse_cmu_name(const std::string& file);

/// The CMU Face Images.
struct CmuFaces {
  Dataset data{};                ///< the label is the person
  std::vector<CmuName> names{};  ///< one per image
};
/// Reads `<root>/faces/cmu`: 64 x 60 unless resized. Throws Error when it is missing or broken.
CmuFaces load_cmu_faces(const std::filesystem::path& root, const ImageFolderOptions& options = {});

// --- ORL: faces/orl/s<person>/<picture>.pgm

/// The description of an image in its path.
struct OrlName {
  int person = 0;   ///< 1 .. 40
  int picture = 0;  ///< 1 .. 10
};
/// Parses a path such as "s12/3.pgm", with or without folders before it.
/// Throws Error, naming file and field, for another form.
OrlName parse_orl_name(const std::string& file);
/// Reads `<root>/faces/orl`: 112 x 92 unless resized, label = person - 1, 40 classes.
/// Throws Error when it is missing or broken.
Dataset load_orl_faces(const std::filesystem::path& root, const ImageFolderOptions& options = {});

// --- UTKFace: faces/utkface/<age>_<gender>_<race>_<date>.jpg.chip.jpg

/// The description of an image in its file name.
struct UtkName {
  // The meanings of the digits in the file name.
  static constexpr std::array<const char*, 2> genders = {"male", "female"};
  static constexpr std::array<const char*, 5> races = {"White", "Black", "Asian", "Indian",
                                                       "Others"};  // as published

  int age = 0;     ///< 0 .. 120 years, as estimated by the authors of the data set
  int gender = 0;  ///< index in `genders`
  int race = 0;    ///< index in `races`
};
/// Parses a file's name; folders before it are ignored.
/// Throws Error, naming file and field, for another form.
UtkName parse_utk_name(const std::string& file);

/// The UTKFace images.
struct UtkFaces {
  Dataset data{};                ///< [N, H, W, C], no labels
  std::vector<UtkName> names{};  ///< one per image
};
/// Reads `<root>/faces/utkface`: 200 x 200 JPEG, resized (by default to 32 x 32 in colour), in sorted order.
/// Throws Error when it is missing or broken.
UtkFaces load_utk_faces(const std::filesystem::path& root,
                        const ImageFolderOptions& options = {.height = 32, .width = 32, .channels = 3});
/// Reads a prepared version [N, 32, 32, 3]: `<root>/faces/utkface32-images-idx4-ubyte` and
/// `utkface32-attrs-idx2-ubyte`, each with or without .gz.
/// Throws Error when one is missing or broken, or when the two disagree.
UtkFaces load_utk_faces32(const std::filesystem::path& root);

// --- Test faces of 6.S191, lab 2: faces/mit_lab2_test/<DF, DM, LF or LM>/<number>.png

/// Reads `<root>/faces/mit_lab2_test`: PNG with an alpha channel, of any size, in sorted order.
///
///   images  [N, 64, 64, 3] in [0, 1] unless resized; a transparent pixel has its colour, alpha is ignored
///   labels  0 .. 3: dark female (DF), dark male (DM), light female (LF), light male (LM)
///
/// Throws Error when it is missing or broken, or has other folders than these four.
Dataset load_lab_faces(const std::filesystem::path& root,
                       const ImageFolderOptions& options = {.height = 64, .width = 64, .channels = 3});

}  // namespace gradus
