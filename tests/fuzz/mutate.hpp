#pragma once
// Shared by the fuzzers: random damage that depends only on the seed, and the main loop.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"

namespace gradus::fuzzing {

using Bytes = std::vector<std::byte>;

struct Target {
  std::string name;
  std::vector<Bytes> seeds;                                // valid inputs to be damaged
  std::function<void(std::span<const std::byte>)> reader;  // reads from memory
};

inline Bytes bytes_of(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// One random change: flip, set, insert, delete, truncate, repeat, or insert an edge-case number.
inline void mutate(Bytes& bytes, Rng& rng) {
  const auto place = [&rng](std::size_t bound) { return static_cast<std::size_t>(rng.below(bound)); };
  const auto any = [&rng] { return static_cast<std::byte>(rng.below(256)); };
  if (bytes.empty()) bytes.push_back(any());
  // Headers are short and important, so half of the changes apply to the first bytes.
  const std::size_t size = bytes.size(),
                    at = place(rng.bernoulli(Real(0.5)) ? std::min<std::size_t>(size, 40) : size);
  const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  const std::size_t run = std::min(size - at, 1 + place(16));
  static constexpr std::uint32_t nasty[] = {0,      1,       0x7f,       0x80,       0xff,      0x7fff,
                                            0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
  static const char* const words[] = {
      "nan", "inf", "-", "1e999", "\"", ",", "\n", " ", ".", "0x1", "99999999999999999999"};
  switch (rng.below(8)) {
    case 0:
      bytes[at] ^= static_cast<std::byte>(1u << rng.below(8));
      break;
    case 1:
      bytes[at] = any();
      break;
    case 2:
      bytes.insert(here, run, any());
      break;
    case 3:
      bytes.erase(here, here + static_cast<std::ptrdiff_t>(run));
      break;
    case 4:
      bytes.resize(at);
      break;
    case 5: {
      const Bytes piece(here, here + static_cast<std::ptrdiff_t>(run));
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(place(size)), piece.begin(), piece.end());
      break;
    }
    case 6: {
      const std::uint32_t number = nasty[place(std::size(nasty))];
      for (std::size_t i = 0; i < 4 && at + i < size; ++i)
        bytes[at + i] = static_cast<std::byte>(number >> (24 - 8 * i) & 0xff);
      break;
    }
    default: {
      const Bytes word = bytes_of(words[place(std::size(words))]);
      bytes.insert(here, word.begin(), word.end());
    }
  }
}

struct Count {
  long read = 0, refused = 0;
};

// One damaged input, in a buffer of exactly its size so that the sanitizer detects reads past its end.
inline bool run_one(const Target& target, const Bytes& input, long iteration, Count& count) {
  const std::unique_ptr<std::byte[]> exact(new std::byte[input.size()]);
  std::copy(input.begin(), input.end(), exact.get());
  try {
    target.reader({exact.get(), input.size()});
    ++count.read;
  } catch (const Error& error) {
    ++count.refused;
    if (std::strlen(error.what()) > 0) return true;
    std::printf("%s, iteration %ld: an error without a message\n", target.name.c_str(), iteration);
    return false;
  } catch (const std::exception& error) {
    std::printf("%s, iteration %ld: not a gradus::Error: %s\n", target.name.c_str(), iteration, error.what());
    return false;
  }
  return true;
}

// Without a sanitizer, limits the process's memory. With one it must not: shadow memory is large.
inline void limit_memory() {
#if !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return;
#endif
#endif
  const rlimit limit{rlim_t{3} << 30, rlim_t{3} << 30};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

// Reads the options and feeds every target with its seeds unchanged and then with `damaged` inputs.
// Returns 0 when there is no failure.
inline int fuzz(int argc, char** argv, const char* name, const std::vector<Target>& targets,
                const std::function<Bytes(const Target&, Rng&)>& damaged) {
  long iterations = 2000;
  std::uint64_t seed = 1;
  std::string only;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 < argc && option == "--iterations")
      iterations = std::atol(argv[i + 1]);
    else if (i + 1 < argc && option == "--seed")
      seed = std::strtoull(argv[i + 1], nullptr, 10);
    else if (i + 1 < argc && option == "--only")
      only = argv[i + 1];
    else {
      std::printf("usage: %s [--iterations N] [--seed S] [--only NAME]\n", name);
      return 2;
    }
  }
  limit_memory();
  bool good = true;
  for (const Target& target : targets) {
    if (!only.empty() && target.name != only) continue;
    const Rng rng = Rng(seed).split(target.name);
    Count count;
    for (const Bytes& whole : target.seeds) good = run_one(target, whole, -1, count) && good;
    if (count.refused > 0) {
      std::printf("%s: an undamaged input was refused\n", target.name.c_str());
      good = false;
    }
    for (long i = 0; i < iterations; ++i) {
      Rng own = rng.split(static_cast<std::uint64_t>(i));
      good = run_one(target, damaged(target, own), i, count) && good;
    }
    std::printf("%-8s %ld inputs: %ld read, %ld refused\n", target.name.c_str(), count.read + count.refused,
                count.read, count.refused);
  }
  return good ? 0 : 1;
}

}  // namespace gradus::fuzzing
