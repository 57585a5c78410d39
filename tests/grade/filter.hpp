#pragma once
// Which system calls pass in the sandbox (Linux).
#ifdef __linux__
#include <seccomp.h>

namespace gradus::grade {

/// The calls that a worker needs pass; those that only mischief needs are noticed (SIGSYS), the others are
/// "not permitted". A compiler may do all but leave the machine or look into other processes.
scmp_filter_ctx make_filter(bool compiler);

/// SIGABRT to itself is how abort() ends; any other signal then comes from the system, and says why the
/// process died. At level 3 (`itself` 0) nobody else is there.
void allow_abort(scmp_filter_ctx filter, int itself);

}  // namespace gradus::grade
#endif
