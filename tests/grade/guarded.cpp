#include "guarded.hpp"

#include <execinfo.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "gradus/base/real.hpp"
#include "gradus/tensor/storage.hpp"

namespace gradus {
namespace {

// One tensor:  | guard page | unused | header 64 | data, rounded up to 64 | guard page |
// The header's unused bytes and what rounding added hold a pattern: as doubles it is NaN.
constexpr unsigned char pattern = 0xff;
constexpr std::size_t used_of_header = 32;

struct Block {
  std::byte *map, *data;
  std::size_t map_bytes, bytes;
};
constexpr std::size_t most_blocks = 1 << 14;
Block blocks[most_blocks];  // plain memory: the signal handler reads it
std::size_t block_count = 0;
char damage[160] = "";

std::size_t page() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t rounded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

void look_at(const Block& block) {
  const auto spoilt = [](const std::byte* from, const std::byte* to) {
    return std::any_of(from, to, [](std::byte b) { return b != std::byte{pattern}; });
  };
  if (spoilt(block.data + block.bytes, block.data + rounded(block.bytes, 64)))
    std::snprintf(damage, sizeof damage, "wrote past the end of a tensor of %zu numbers",
                  block.bytes / sizeof(Real));
  if (spoilt(block.data - 64 + used_of_header, block.data))
    std::snprintf(damage, sizeof damage, "wrote before the first element of a tensor of %zu numbers",
                  block.bytes / sizeof(Real));
}

}  // namespace

class Pool {
 public:
  using Header = Storage::Header;
  static Header* take(std::size_t bytes) {
    static_assert(sizeof(Header) <= used_of_header);
    if (block_count == most_blocks || bytes > (std::size_t{1} << 40)) throw std::bad_alloc();
    const std::size_t inner =
        rounded(Storage::header_bytes + rounded(std::max<std::size_t>(bytes, 1), 64), page());
    const std::size_t total = inner + 2 * page();
    void* map = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    auto* start = static_cast<std::byte*>(map) + page();
    if (mprotect(start, inner, PROT_READ | PROT_WRITE) != 0) {
      munmap(map, total);
      throw std::bad_alloc();
    }
    std::byte* data = start + inner - rounded(std::max<std::size_t>(bytes, 1), 64);
    std::byte* header = data - Storage::header_bytes;
    std::memset(header, pattern,
                static_cast<std::size_t>(start + inner - header));  // unset numbers read as NaN
    auto* made = new (header) Header{};
    made->references.store(1, std::memory_order_relaxed);
    blocks[block_count++] = {static_cast<std::byte*>(map), data, total, bytes};
    return made;
  }
  static void give(Header* header) {
    auto* data = reinterpret_cast<std::byte*>(header) + Storage::header_bytes;
    for (std::size_t i = 0; i < block_count; ++i) {
      if (blocks[i].data != data) continue;
      look_at(blocks[i]);
      munmap(blocks[i].map, blocks[i].map_bytes);
      blocks[i] = blocks[--block_count];
      return;
    }
  }
};

Storage::Storage(std::size_t bytes) : header_(Pool::take(bytes)) {}
void Storage::release() noexcept {
  if (header_ && header_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) Pool::give(header_);
}
PoolStats pool_stats() { return {}; }
std::size_t pool_trim() { return 0; }

namespace grade {

const char* damaged_tensor() {
  for (std::size_t i = 0; i < block_count; ++i) look_at(blocks[i]);
  return damage[0] ? damage : nullptr;
}

bool beyond_a_tensor(const void* address, unsigned long& tensor_bytes, unsigned long& past_end) {
  const auto* at = static_cast<const std::byte*>(address);
  for (std::size_t i = 0; i < block_count; ++i) {
    const std::byte* end = blocks[i].map + blocks[i].map_bytes;
    if (at < end - page() || at >= end) continue;
    tensor_bytes = blocks[i].bytes;
    past_end = static_cast<unsigned long>(at - (blocks[i].data + blocks[i].bytes));
    return true;
  }
  return false;
}

namespace {

void say(int signal_number, siginfo_t* info, void*) {
  char line[256];
  unsigned long bytes = 0, past = 0;
  int length;
  if (signal_number == SIGSEGV && beyond_a_tensor(info->si_addr, bytes, past))
    length = std::snprintf(line, sizeof line, "\ngradus-fault: signal %d tensor %lu past %lu\n",
                           signal_number, bytes / sizeof(Real), past / sizeof(Real));
  else
    length = std::snprintf(line, sizeof line, "\ngradus-fault: signal %d address %p\n", signal_number,
                           info->si_addr);
  if (write(2, line, static_cast<std::size_t>(length)) < 0) _exit(98);
  void* frames[24];
  const int depth = backtrace(frames, 24);
  for (int i = 0; i < depth; ++i) {
    length = std::snprintf(line, sizeof line, "gradus-frame: %p\n", frames[i]);
    if (write(2, line, static_cast<std::size_t>(length)) < 0) _exit(98);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

void tell_of_crashes() {
  static char stack[1 << 16];
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = sizeof stack;
  sigaltstack(&other, nullptr);
  void* warm_up[2];
  backtrace(warm_up, 2);  // loads what it needs now, not in the handler
  struct sigaction action {};
  action.sa_sigaction = say;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESETHAND;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
}

}  // namespace grade
}  // namespace gradus
