#pragma once
// Storage: reference-counted 64-byte aligned buffers from a pool that keeps what was freed.
//
// A training step asks for the same sizes again and again. Fresh memory from the system costs page faults, up
// to ten times the arithmetic done on it, so nothing is given back: freed buffers wait in a list by size
// class.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace gradus {

/// The system has no memory left for a buffer. `what()` names its size, what is in use, and the limit.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

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
  /// Throws OutOfMemory.
  explicit Storage(std::size_t bytes);
  Storage(const Storage& other) : header_(other.header_) { retain(); }
  Storage(Storage&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Storage& operator=(Storage other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~Storage() { release(); }

  std::byte* data() const { return header_ ? reinterpret_cast<std::byte*>(header_) + header_bytes : nullptr; }
  /// How many handles share the buffer; 0 without one.
  std::uint32_t handles() const { return header_ ? header_->references.load(std::memory_order_acquire) : 0; }
  bool unique() const { return handles() == 1; }
  bool shares(const Storage& other) const { return header_ && header_ == other.header_; }
  /// The number of `touch` calls, by which a tape sees that kept numbers were changed (Tensor::touch).
  std::uint32_t version() const { return header_ ? header_->version.load(std::memory_order_relaxed) : 0; }
  void touch() const {
    if (header_) header_->version.fetch_add(1, std::memory_order_relaxed);
  }
  explicit operator bool() const { return header_ != nullptr; }

 private:
  static constexpr std::size_t header_bytes = 64;
  struct Header {
    std::atomic<std::uint32_t> references;
    std::uint32_t size_class;
    std::atomic<std::uint32_t> version;
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
