#pragma once
// CIFAR-10 in its binary version: 32 x 32 colour images of ten kinds of things, none of them a face.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// The images in a file's bytes; `name` is for messages. A file is a list of records of 3073 bytes:
///
///   1 label 0 .. 9, 1024 red values, 1024 green, 1024 blue, each row by row
///   images  [N, 32, 32, 3] in [0, 1]: red, green, blue per pixel
///
/// Throws Error, with the record and the byte offset,
/// when the bytes are not whole records or a label is above 9.
Dataset parse_cifar10(std::span<const std::byte> bytes, const std::string& name);
/// The same from a file, the first `limit` images (0: all); labels behind them are not checked.
/// Throws Error also when the file cannot be read or limit is negative.
Dataset read_cifar10(const std::filesystem::path& path, Index limit = 0);

/// All files `<root>/cifar10/data_batch_*.bin`, in sorted order, one after the other, at most `limit` images
/// (0: all). Krizhevsky 2009. Throws Error when the folder cannot be listed, there is no file or one is
/// broken, or limit is negative.
Dataset load_cifar10(const std::filesystem::path& root, Index limit = 0);

}  // namespace gradus
