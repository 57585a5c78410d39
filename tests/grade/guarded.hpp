#pragma once
// Tensors whose memory ends at a protected page: an access past the end faults at once and reports its line,
// instead of reading unrelated memory. The worker uses this in place of the library's pool.

namespace gradus::grade {

/// Contents of memory that belongs to no tensor, and of a new tensor: NaN, or numbers between 1 and 2.
/// An answer that changes with these reads memory that it should not read.
enum class Guards {
  nan,           ///< NaN before a tensor, NaN in it
  numbers,       ///< numbers before it, numbers in it
  nan_in_tensor  ///< numbers before it, NaN in it
};
/// Applies to tensors made from now on.
void fill_guards(Guards guards);

/// Detects writes before the first element of a tensor: null, or a description of the damage found among
/// all tensors that are alive or were freed since the last call.
const char* damaged_tensor();

/// Whether the address lies outside a tensor on either side.
/// If so, returns its number of elements and the index of the accessed element, negative before the first.
bool beyond_a_tensor(const void* address, unsigned long& tensor, long& element);

/// On a fault (SIGSEGV, SIGFPE, SIGABRT, SIGILL, SIGBUS), prints what happened and where on stderr,
/// as "gradus-fault: ..." with return addresses, then ends the process by that signal.
void report_crashes();

}  // namespace gradus::grade
