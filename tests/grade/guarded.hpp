#pragma once
// Tensors whose memory ends at a page that may not be touched: one element too far is a crash at once, with
// its line, instead of a number from somewhere else. In the worker this takes the place of the library's
// pool.

namespace gradus::grade {

/// Reads and writes just before a tensor, or in the few bytes between its end and the guard page, are caught
/// later: null, or what was found damaged among all tensors that are alive or were freed since the last
/// question.
const char* damaged_tensor();

/// Whether the address lies in a guard page; then the size of the tensor before it in bytes, and how far past
/// its end.
bool beyond_a_tensor(const void* address, unsigned long& tensor_bytes, unsigned long& past_end);

/// A fault (SIGSEGV, SIGFPE, SIGABRT, SIGILL, SIGBUS) says on stderr what and where, as "gradus-fault: ..."
/// with return addresses, then ends the process by that signal.
void tell_of_crashes();

}  // namespace gradus::grade
