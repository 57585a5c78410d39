#pragma once
// Restrictions that the worker sets on itself after starting.

namespace gradus::grade {

/// Forbids execve and records every call that the sandbox refuses. Does nothing without seccomp.
void lock_down();

/// Name of the first refused system call, or null.
const char* denied_call();

}  // namespace gradus::grade
