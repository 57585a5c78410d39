#include "filter.hpp"

#ifdef __linux__
#include <fcntl.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

/// A condition on argument `number` of a call: it equals a, or masked by a it equals b.
/// (SCMP_A0 and the like are C.)
scmp_arg_cmp argument(unsigned number, scmp_compare how, scmp_datum_t a, scmp_datum_t b = 0) {
  return {number, how, a, b};
}

// clang-format off
// What a compiler may not do; it may do everything else.
constexpr const char* refused_to_compilers[] = {
    "socket", "socketpair", "ptrace", "process_vm_readv", "process_vm_writev", "io_uring_setup",
    "io_uring_enter", "keyctl", "add_key", "request_key", "bpf", "mount", "unshare", "setns",
    "perf_event_open", "userfaultfd", "pidfd_open", "pidfd_getfd"};

// What the worker may do; the rest is refused, or traps.
constexpr const char* allowed[] = {
    "read", "write", "readv", "writev", "pread64", "pwrite64", "open", "openat", "close", "fstat",
    "newfstatat", "fstatat64", "stat", "lstat", "statx", "lseek", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getcwd", "chdir", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir",
    "rename", "renameat", "ftruncate", "dup", "dup2", "getdents64", "ioctl", "poll", "ppoll", "select",
    "pselect6", "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "rt_sigtimedwait", "arch_prctl", "set_tid_address",
    "set_robust_list", "rseq", "getrlimit", "getrandom", "futex", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "nanosleep", "clock_nanosleep", "sched_yield", "sched_getaffinity", "sysinfo",
    "uname", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getpgrp",
    "seccomp", "execve", "getcpu", "membarrier", "getrusage", "times", "alarm", "setitimer", "pause",
    "wait4", "waitid", "get_mempolicy", "restart_syscall"};

// What ends the worker, with a sentence in the report.
constexpr const char* trapped[] = {
    "fork", "vfork", "clone", "socket", "socketpair", "ptrace", "process_vm_readv", "process_vm_writev",
    "io_uring_setup", "unshare", "mount", "setns"};
// clang-format on

}  // namespace

scmp_filter_ctx make_filter(bool compiler) {
  scmp_filter_ctx filter = seccomp_init(compiler ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
  GRADUS_CHECK(filter, "seccomp: no filter");
  const auto add = [&](std::uint32_t action, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR && number >= 0) seccomp_rule_add(filter, action, number, 0);
  };
  if (compiler) {
    for (const char* name : refused_to_compilers) add(SCMP_ACT_ERRNO(EPERM), name);
    return filter;
  }
  for (const char* name : allowed) add(SCMP_ACT_ALLOW, name);
  for (const char* name : trapped) add(SCMP_ACT_TRAP, name);
  // Bubblewrap exits with 128 + n when signal n ended the program, so no program may use such an exit code.
  for (const int call : {SCMP_SYS(exit), SCMP_SYS(exit_group)}) {
    seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, argument(0, SCMP_CMP_MASKED_EQ, 0x80, 0));
    seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 1, argument(0, SCMP_CMP_MASKED_EQ, 0x80, 0x80));
  }
  add(SCMP_ACT_ERRNO(ENOSYS), "clone3");  // the C library then falls back to clone, which is filtered
  // Allow only the prctl calls needed by the worker's lock and the C library;
  // PR_SET_PDEATHSIG cannot be reset.
  for (const int option : {PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_NAME, PR_GET_NAME})
    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                     argument(0, SCMP_CMP_MASKED_EQ, 0xffffffffULL, static_cast<scmp_datum_t>(option)));
  // Only its own limits; F_SETOWN and F_SETSIG are refused.
  seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, argument(0, SCMP_CMP_EQ, 0));
  for (const int command : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL})
    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                     argument(1, SCMP_CMP_EQ, static_cast<scmp_datum_t>(command)));
  return filter;
}

void allow_abort(scmp_filter_ctx filter, int itself) {
  const auto is = [](unsigned argument, int value) {
    return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, 0xffffffffULL, static_cast<scmp_datum_t>(value)};
  };
  for (const auto& [call, signal] :
       {std::pair{SCMP_SYS(kill), 1u}, {SCMP_SYS(tkill), 1u}, {SCMP_SYS(tgkill), 2u}}) {
    if (itself)
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 2, is(0, itself), is(signal, SIGABRT));
    else
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, is(signal, SIGABRT));
  }
}

}  // namespace gradus::grade
#endif
