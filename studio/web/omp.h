// OpenMP's functions for one thread. The page has no threads: they need two HTTP headers (COOP, COEP) that
// neither file:// nor most static hosts send.
#pragma once

inline int omp_get_thread_num() { return 0; }
inline int omp_get_num_threads() { return 1; }
inline int omp_get_max_threads() { return 1; }
inline int omp_get_num_procs() { return 1; }
inline int omp_in_parallel() { return 0; }
inline void omp_set_num_threads(int) {}
