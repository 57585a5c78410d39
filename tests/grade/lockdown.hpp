#pragma once
// What the worker shuts behind itself once it has started.

namespace gradus::grade {

/// Forbids execve, and takes note of every call that the sandbox refuses. Does nothing where there is no
/// seccomp.
void lock_down();

/// Name of the first system call that was refused, or null.
const char* denied_call();

}  // namespace gradus::grade
