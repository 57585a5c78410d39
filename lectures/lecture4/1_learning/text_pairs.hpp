#pragma once
// Text as a supervised problem: pairs of some letters and the letter that follows them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// A text, of which the first nine tenths are for training. Position i is the pair
/// (letters i - context .. i - 1, letter i).
struct TextPairs {
  static constexpr Index context = 8;
  PlainText text;
  Index letters = 0;  ///< V, the size of the alphabet
  Index cut = 0;      ///< the first held-out position

  explicit TextPairs(PlainText whole)
      : text(std::move(whole)), letters(static_cast<Index>(text.alphabet.size())) {
    cut = size() * 9 / 10;
  }
  Index size() const { return static_cast<Index>(text.letters.size()); }
  int at(Index position) const { return text.letters[static_cast<std::size_t>(position)]; }

  /// The context of every position in one-hot encoding: [B, context V].
  Tensor contexts(const std::vector<Index>& positions) const {
    std::vector<int> before;
    for (const Index position : positions)
      for (Index i = position - context; i < position; ++i) before.push_back(at(i));
    return one_hot(before, static_cast<int>(letters)).reshape({-1, context * letters});
  }
  /// The letter of every position.
  std::vector<int> targets(const std::vector<Index>& positions) const {
    std::vector<int> next;
    for (const Index position : positions) next.push_back(at(position));
    return next;
  }
  /// All held-out positions whose context is held out as well.
  std::vector<Index> held_out() const {
    std::vector<Index> positions;
    for (Index i = cut + context; i < size(); ++i) positions.push_back(i);
    return positions;
  }
};

/// p(letter | previous letter) by counting pairs, with one added to every count; with `before` false, the
/// share of the letter alone. Returns -log p of the given positions, [N].
inline Tensor counted_nll(const TextPairs& pairs, const std::vector<Index>& positions, bool before) {
  const Index V = pairs.letters;
  std::vector<double> counts(static_cast<std::size_t>(V * V), 1),
      sums(static_cast<std::size_t>(V), static_cast<double>(V));
  const auto row = [&](Index i) { return before ? static_cast<std::size_t>(pairs.at(i - 1)) : 0; };
  const auto cell = [&](Index i) {
    return row(i) * static_cast<std::size_t>(V) + static_cast<std::size_t>(pairs.at(i));
  };
  for (Index i = 1; i < pairs.cut; ++i) ++counts[cell(i)], ++sums[row(i)];
  Tensor nll({static_cast<Index>(positions.size())});
  for (Index n = 0; n < nll.size(); ++n) {
    const Index i = positions[static_cast<std::size_t>(n)];
    nll[n] = static_cast<Real>(std::log(sums[row(i)] / counts[cell(i)]));
  }
  return nll;
}

/// 8 letters in one-hot encoding -> 128 -> the logits of the next letter.
struct NextLetter : Module {
  NextLetter(Rng& random, Index letters)
      : Module(random),
        hidden(*this, "hidden", TextPairs::context * letters, 128),
        out(*this, "out", 128, letters) {}
  Linear hidden;
  Dropout dropout{*this, "dropout", Real(0.2)};
  Linear out;
  Var operator()(const Var& x) { return out(dropout(relu(hidden(x)))); }
};

/// The Markdown files of the lectures and exercises, sorted,
/// without hidden files and the two pages that are tables.
inline std::vector<std::filesystem::path> lesson_files(const std::filesystem::path& root) {
  std::vector<std::filesystem::path> paths;
  for (const char* folder : {"lectures/lecture4", "exercises"})
    for (std::filesystem::recursive_directory_iterator entry(root / folder), end; entry != end; ++entry) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with('.'))
        entry.disable_recursion_pending();
      else if (name.ends_with(".md") && name != "slides.md" && name != "figures.md")
        paths.push_back(entry->path());
    }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// A line of text for a picture: line ends as blanks, letters outside ASCII as '?'.
inline std::string one_line(const std::string& words) {
  std::string out;
  for (const char c : words) {
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;  // inside a letter of several bytes
    out += c == '\n' || c == '\t' ? ' ' : static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return out;
}

/// Lines of text as a picture, black on white.
inline Tensor written(const std::vector<std::string>& lines) {
  std::size_t longest = 1;
  for (const std::string& line : lines) longest = std::max(longest, line.size());
  Tensor image = Tensor::full(
      {22 * static_cast<Index>(lines.size()) + 12, text_width(std::string(longest, 'x')) + 16, 3}, 1);
  for (std::size_t i = 0; i < lines.size(); ++i)
    draw_text(image, 6 + 22 * static_cast<Index>(i), 8, lines[i]);
  return image;
}

}  // namespace gradus::lecture
