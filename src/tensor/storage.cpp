#include "gradus/tensor/storage.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

#include "gradus/base/check.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GRADUS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(GRADUS_ASAN)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace gradus {
namespace {

// Size classes: four per doubling (1, 1.25, 1.5, 1.75), so that at most a fifth of a buffer is unused.
constexpr std::size_t smallest = 256;
constexpr std::uint32_t class_count = 4 * 40;

std::size_t class_bytes(std::uint32_t size_class) {
  return (smallest << (size_class / 4)) / 4 * (4 + size_class % 4);
}

std::uint32_t class_of(std::size_t bytes) {
  if (bytes <= smallest) return 0;
  const std::uint32_t doubling = static_cast<std::uint32_t>(std::bit_width((bytes - 1) / smallest)) - 1;
  std::uint32_t size_class = 4 * doubling;
  while (class_bytes(size_class) < bytes) ++size_class;
  return size_class;
}

}  // namespace

class Pool {
 public:
  using Header = Storage::Header;

  Header* take(std::size_t bytes) {
    const std::uint32_t size_class = class_of(bytes);
    const std::size_t capacity = size_class < class_count ? class_bytes(size_class) : 0;
    const std::lock_guard lock(mutex_);
    if (!capacity) throw_out_of_memory(bytes);
    Header* header = lists_[size_class];
    if (header) {
      lists_[size_class] = header->next;
      stats_.kept_bytes -= capacity;
      ++stats_.reused;
      ASAN_UNPOISON_MEMORY_REGION(data_of(header), capacity);
    } else {
      void* memory = std::aligned_alloc(64, Storage::header_bytes + capacity);
      if (!memory && free_lists() > 0) memory = std::aligned_alloc(64, Storage::header_bytes + capacity);
      if (!memory) throw_out_of_memory(bytes);
      header = new (memory) Header{};
      header->size_class = size_class;
      ++stats_.fresh;
    }
    header->references.store(1, std::memory_order_relaxed);
    stats_.live_bytes += capacity;
    stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.live_bytes);
    return header;
  }

  void give(Header* header) {
    const std::size_t capacity = class_bytes(header->size_class);
    ASAN_POISON_MEMORY_REGION(data_of(header), capacity);
    const std::lock_guard lock(mutex_);
    header->next = lists_[header->size_class];
    lists_[header->size_class] = header;
    stats_.live_bytes -= capacity;
    stats_.kept_bytes += capacity;
  }

  std::size_t trim() {
    const std::lock_guard lock(mutex_);
    return free_lists();
  }

  PoolStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

  /// Never destroyed: tensors of static lifetime may be destroyed later.
  static Pool& instance() {
    static Pool* pool = new Pool;
    return *pool;
  }

 private:
  static std::byte* data_of(Header* header) {
    return reinterpret_cast<std::byte*>(header) + Storage::header_bytes;
  }

  std::size_t free_lists() {
    const std::size_t bytes = stats_.kept_bytes;
    for (std::uint32_t size_class = 0; size_class < class_count; ++size_class)
      while (Header* header = lists_[size_class]) {
        lists_[size_class] = header->next;
        ASAN_UNPOISON_MEMORY_REGION(data_of(header), class_bytes(size_class));
        std::free(header);
      }
    stats_.kept_bytes = 0;
    return bytes;
  }

  [[noreturn]] void throw_out_of_memory(std::size_t bytes) const {
    throw OutOfMemory(
        text("out of memory: a tensor needs ", bytes, " more bytes, ", stats_.live_bytes,
             " are in use by other tensors; use smaller batches, or raise the limit (ulimit -v)"));
  }

  std::mutex mutex_;
  std::array<Header*, class_count> lists_{};
  PoolStats stats_;
};

Storage::Storage(std::size_t bytes) : header_(Pool::instance().take(bytes)) {}

void Storage::release() noexcept {
  if (header_ && header_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    Pool::instance().give(header_);
}

PoolStats pool_stats() { return Pool::instance().stats(); }
std::size_t pool_trim() { return Pool::instance().trim(); }

}  // namespace gradus
