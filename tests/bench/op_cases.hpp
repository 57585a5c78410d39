#pragma once
// Single ops for `make bench CASES=ops`: nanoseconds per number, and what bounds them.
#include <string>

/// Measures the op for this many seconds; returns one line of JSON:
///
///   {"case": "op,add", "numbers": N,
///    "forward":  {"ms": median, "bytes": of inputs, output and gradients, "flops": of products,
///                "function": "exp" or ""},
///    "backward": {...}}
///
/// Tensors that only the op holds, such as a mask, are not counted.
/// `ops` gives the list of names, `copy,<bytes>` the milliseconds that reading and writing this many bytes in
/// total takes, `function,<name>` those of a million values of the function from the first-level cache.
/// An empty string for other names.
std::string op_answer(const std::string& name, double seconds);
