#pragma once
// Tensors whose memory ends at a page that may not be touched: one element too far is a fault at once, with
// its line, instead of a number from somewhere else. In the worker this takes the place of the library's
// pool.

namespace gradus::grade {

/// What memory holds that belongs to no tensor, and what a new tensor holds: NaN, or numbers between 1 and 2.
/// An answer that changes with it depends on what it should not have read.
enum class Guards {
  nan,           ///< NaN before a tensor, NaN in it
  numbers,       ///< numbers before it, numbers in it
  nan_in_tensor  ///< numbers before it, NaN in it
};
/// For tensors that are made from now on.
void fill_guards(Guards guards);

/// Writes before the first element of a tensor are seen afterwards: null, or what was found damaged among all
/// tensors that are alive or were freed since the last question.
const char* damaged_tensor();

/// Whether the address lies beyond an end of a tensor; then how many numbers it has, and the number of the
/// element there would be, negative before the first.
bool beyond_a_tensor(const void* address, unsigned long& tensor, long& element);

/// A fault (SIGSEGV, SIGFPE, SIGABRT, SIGILL, SIGBUS) says on stderr what and where, as "gradus-fault: ..."
/// with return addresses, then ends the process by that signal.
void tell_of_crashes();

}  // namespace gradus::grade
