#pragma once
// System call filter of the sandbox (Linux).
#ifdef __linux__
#include <seccomp.h>

namespace gradus::grade {

/// Allows the calls that a worker needs.
/// Calls that only an attack needs raise SIGSYS; all others fail with "not permitted".
/// A compiler may make all calls except those that use the network or inspect other processes.
scmp_filter_ctx make_filter(bool compiler);

/// abort() ends by SIGABRT to the process itself, so any other signal comes from the system and tells
/// why the process died. At level 3 (`itself` 0) the sandbox has no other processes.
void allow_abort(scmp_filter_ctx filter, int itself);

}  // namespace gradus::grade
#endif
