#include "guarded.hpp"

#include <execinfo.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "gradus/base/real.hpp"
#include "gradus/tensor/storage.hpp"

namespace gradus {
namespace {

// One tensor:  | guard pages | slack | header 64 | data | guard pages |
// The data end where the guard pages begin, so an access one number too far faults.
// The memory before the first number must be accessible, because the library counts references in the header.
// All unused bytes of it are slack, and every word of the slack of every tensor is distinct. So a write
// into slack is always detected, and an answer that depends on slack changes when the slack changes.
constexpr std::size_t used_of_header = 16;  // references, size class, version
constexpr std::size_t guard_pages = 4;      // an access up to a row of 2048 numbers too far still faults
constexpr std::uint64_t not_a_number = 0x7ff8000000000000, one = 0x3ff0000000000000;

struct Block {
  std::byte *map, *start, *data;
  std::size_t map_bytes, bytes;
  std::uint64_t serial, slack;  // the fill of the slack
};
constexpr std::size_t most_blocks = 1 << 14;
Block blocks[most_blocks];  // a plain array, because the signal handler reads it
std::size_t block_count = 0;
char damage[160] = "";
std::uint64_t slack_bits = not_a_number, unset_bits = not_a_number;  // for tensors made from now on

std::size_t page() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t rounded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

/// Word `word` of the slack of tensor `serial`; all are distinct.
std::uint64_t slack_word(std::uint64_t kind, std::uint64_t serial, std::size_t word) {
  return kind | ((serial % (1 << 17) * 8192 + word) << 20);
}

/// Calls use(word of the slack, its address) for the memory before the header and in its unused end.
template <class Use>
void each_slack_word(const Block& block, Use use) {
  std::size_t word = 0;
  const auto part = [&](std::byte* from, const std::byte* to) {
    for (; from < to; from += 8) use(word++, from);
  };
  std::byte* header = block.data - 64;
  part(block.start, header);
  part(header + used_of_header, block.data);
}

void look_at(const Block& block) {
  bool spoilt = false;
  each_slack_word(block, [&](std::size_t word, const std::byte* at) {
    std::uint64_t now;
    std::memcpy(&now, at, 8);
    spoilt = spoilt || now != slack_word(block.slack, block.serial, word);
  });
  if (spoilt)
    std::snprintf(damage, sizeof damage, "writes before the first element of a tensor of %zu numbers",
                  block.bytes / sizeof(Real));
}

}  // namespace

class Pool {
 public:
  using Header = Storage::Header;
  static_assert(offsetof(Header, next) == used_of_header);  // the rest is used by the library's own pool
  static Header* take(std::size_t bytes) {
    if (block_count == most_blocks || bytes > (std::size_t{1} << 40)) throw std::bad_alloc();
    static std::uint64_t made_so_far = 1;  // word 0 of tensor 0 would be an ordinary NaN
    const std::size_t held = rounded(bytes, sizeof(std::uint64_t)),
                      inner = rounded(Storage::header_bytes + held, page()), guard = guard_pages * page(),
                      total = inner + 2 * guard;
    void* map = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    auto* start = static_cast<std::byte*>(map) + guard;
    if (mprotect(start, inner, PROT_READ | PROT_WRITE) != 0) {
      munmap(map, total);
      throw std::bad_alloc();
    }
    std::byte* data = start + inner - held;
    auto* header = new (data - Storage::header_bytes) Header{};
    header->references.store(1, std::memory_order_relaxed);
    const Block block{static_cast<std::byte*>(map), start, data, total, bytes, made_so_far++, slack_bits};
    each_slack_word(block, [&](std::size_t word, std::byte* at) {
      const std::uint64_t bits = slack_word(block.slack, block.serial, word);
      std::memcpy(at, &bits, sizeof bits);
    });
    for (std::size_t at = 0; at < held; at += sizeof unset_bits)
      std::memcpy(data + at, &unset_bits, sizeof unset_bits);
    blocks[block_count++] = block;
    return header;
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

void fill_guards(Guards guards) {
  slack_bits = guards == Guards::nan ? not_a_number : one;
  unset_bits = guards == Guards::numbers ? one | 0x4000000000000 : not_a_number;  // 1.25
}

const char* damaged_tensor() {
  for (std::size_t i = 0; i < block_count; ++i) look_at(blocks[i]);
  return damage[0] ? damage : nullptr;
}

bool beyond_a_tensor(const void* address, unsigned long& tensor, long& element) {
  const auto* at = static_cast<const std::byte*>(address);
  for (std::size_t i = 0; i < block_count; ++i) {
    const Block& block = blocks[i];
    if (at < block.map || at >= block.map + block.map_bytes) continue;
    tensor = block.bytes / sizeof(Real);
    element = (at - block.data) / static_cast<long>(sizeof(Real));
    return true;
  }
  return false;
}

namespace {

/// "reads", "writes", or "reads or writes" if the processor does not tell.
const char* access_of([[maybe_unused]] void* context) {
#if defined(__x86_64__) && defined(__linux__)
  const auto error = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR];
  return error & 2 ? "writes" : "reads";
#else
  return "reads or writes";
#endif
}

/// The faulting instruction; null if unknown.
void* fault_of(void* context) {
#if defined(__linux__) && defined(__x86_64__)
  return reinterpret_cast<void*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__linux__) && defined(__aarch64__)
  return reinterpret_cast<void*>(static_cast<ucontext_t*>(context)->uc_mcontext.pc);
#else
  (void)context;
  return nullptr;
#endif
}

void say(int signal_number, siginfo_t* info, void* context) {
  char line[256];
  unsigned long tensor = 0;
  long element = 0;
  int length;
  const bool raised = info->si_code <= 0 && signal_number != SIGABRT;
  if (raised)
    length = std::snprintf(line, sizeof line, "\ngradus-fault: signal %d raised\n", signal_number);
  else if (signal_number == SIGSEGV && beyond_a_tensor(info->si_addr, tensor, element))
    length = std::snprintf(line, sizeof line, "\ngradus-fault: signal %d tensor %lu element %ld %s\n",
                           signal_number, tensor, element, access_of(context));
  else
    length = std::snprintf(line, sizeof line, "\ngradus-fault: signal %d address %lx\n", signal_number,
                           reinterpret_cast<unsigned long>(info->si_addr));
  if (write(2, line, static_cast<std::size_t>(length)) < 0) _exit(98);
  void* frames[24];
  const int depth = backtrace(frames, 24);
  for (int i = 0; i < depth; ++i) {
    // A return address is after the call, possibly on another line or in another function.
    void* at = frames[i];
    if (at != fault_of(context)) at = static_cast<char*>(at) - 1;
    length = std::snprintf(line, sizeof line, "gradus-frame: %p\n", at);
    if (write(2, line, static_cast<std::size_t>(length)) < 0) _exit(98);
  }
  if (raised) raise(signal_number);
  // SA_RESETHAND restores the default action: the instruction faults again, abort() continues,
  // and the process ends by the signal itself.
}

}  // namespace

void report_crashes() {
  static char stack[1 << 16];
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = sizeof stack;
  sigaltstack(&other, nullptr);
  void* warm_up[2];
  backtrace(warm_up, 2);  // loads its library now rather than in the handler
  struct sigaction action {};
  action.sa_sigaction = say;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESETHAND;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
}

}  // namespace grade
}  // namespace gradus
