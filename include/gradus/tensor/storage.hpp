#pragma once
// Storage: reference-counted 64-byte aligned buffers from a pool that keeps what was freed.
//
// A training step asks for the same sizes again and again. Fresh memory from the system costs page faults, up
// to ten times the arithmetic done on it, so nothing is given back: freed buffers wait in a list by size
// class.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace gradus {

/// What the pool did so far. `fresh` stands still once training has warmed up: no new buffer after step 2.
struct PoolStats {
  std::uint64_t fresh = 0;     ///< buffers that came from the system
  std::uint64_t reused = 0;    ///< buffers that came from the lists
  std::size_t live_bytes = 0;  ///< in use now
  std::size_t kept_bytes = 0;  ///< waiting in the lists
  std::size_t peak_bytes = 0;  ///< most in use at any time
};
PoolStats pool_stats();

/// Gives every waiting buffer back to the system; returns how many bytes.
std::size_t pool_trim();

/// A shared handle on one buffer. Copying shares; the last handle returns the buffer to the pool.
class Storage {
 public:
  Storage() = default;
  explicit Storage(std::size_t bytes);
  Storage(const Storage& other) : header_(other.header_) { retain(); }
  Storage(Storage&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Storage& operator=(Storage other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~Storage() { release(); }

  std::byte* data() const { return header_ ? reinterpret_cast<std::byte*>(header_) + header_bytes : nullptr; }
  bool unique() const { return header_ && header_->references.load(std::memory_order_acquire) == 1; }
  explicit operator bool() const { return header_ != nullptr; }

 private:
  static constexpr std::size_t header_bytes = 64;
  struct Header {
    std::atomic<std::uint32_t> references;
    std::uint32_t size_class;
    Header* next;  // in a free list
  };
  static_assert(sizeof(Header) <= header_bytes);
  friend class Pool;

  void retain() const {
    if (header_) header_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept;

  Header* header_ = nullptr;
};

}  // namespace gradus
