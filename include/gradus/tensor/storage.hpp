#pragma once
// Storage: reference-counted, 64-byte aligned buffers from a pool that keeps freed buffers.
//
// Training steps request the same sizes again and again. Fresh memory from the system costs page faults, up
// to ten times the arithmetic done on it, so the pool keeps freed buffers in one list per size class.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace gradus {

/// The system has no memory left for a buffer.
class OutOfMemory : public std::bad_alloc {
 public:
  /// An exception with this message.
  explicit OutOfMemory(std::string message) : message_(std::move(message)) {}
  /// The size of the buffer, the memory in use and the limit.
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// Statistics of the pool. After the second training step `fresh` stays constant: no new buffers are needed.
struct PoolStats {
  std::uint64_t fresh = 0;     ///< buffers allocated by the system
  std::uint64_t reused = 0;    ///< buffers taken from the lists
  std::size_t live_bytes = 0;  ///< currently in use
  std::size_t kept_bytes = 0;  ///< kept in the lists
  std::size_t peak_bytes = 0;  ///< maximum of live_bytes so far
};
/// The pool's current statistics. Thread-safe.
PoolStats pool_stats();

/// Releases all kept buffers to the system; returns the number of bytes.
std::size_t pool_trim();

/// A shared handle on one buffer. Copies share the buffer; the last handle returns it to the pool.
class Storage {
 public:
  Storage() = default;
  /// A buffer of `bytes` bytes, uninitialised. Throws OutOfMemory.
  explicit Storage(std::size_t bytes);
  // A copy shares the buffer; a moved-from handle has none.
  Storage(const Storage& other) : header_(other.header_) { retain(); }
  Storage(Storage&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Storage& operator=(Storage other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~Storage() { release(); }

  /// The buffer's first byte; null without a buffer.
  std::byte* data() const { return header_ ? reinterpret_cast<std::byte*>(header_) + header_bytes : nullptr; }
  /// Number of handles that share the buffer; 0 without a buffer.
  std::uint32_t handles() const { return header_ ? header_->references.load(std::memory_order_acquire) : 0; }
  /// True when this is the only handle.
  bool unique() const { return handles() == 1; }
  /// True when both handles share one buffer.
  bool shares(const Storage& other) const { return header_ && header_ == other.header_; }
  /// Number of `touch` calls. A tape compares it to detect changes of saved values (Tensor::touch).
  std::uint32_t version() const { return header_ ? header_->version.load(std::memory_order_relaxed) : 0; }
  /// Reports a write to the buffer.
  void touch() const {
    if (header_) header_->version.fetch_add(1, std::memory_order_relaxed);
  }
  /// True with a buffer.
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
