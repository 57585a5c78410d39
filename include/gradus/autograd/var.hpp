#pragma once
// Var: a value on a tape. Parameter: a trainable tensor that outlives tapes.
#include <atomic>
#include <cstdint>
#include <string>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// A trainable tensor with its gradient. The gradient is empty until a backward pass has written it.
/// Only one thread at a time may use a parameter on its tapes: see Tape.
class Parameter {
 public:
  /// Starts with these values, without a gradient.
  explicit Parameter(Tensor initial) : value(std::move(initial)) {}
  Parameter(const Parameter&) = delete;
  Parameter& operator=(const Parameter&) = delete;

  Tensor value;  ///< the current values
  Tensor grad;   ///< empty, or the shape of value

  /// A frozen parameter is a constant for the tapes of all threads (see Frozen in nn/module.hpp).
  bool frozen() const { return freezes_ > 0; }
  /// Makes it a constant, until unfreeze() has been called as often as freeze().
  void freeze() { ++freezes_; }
  /// Ends one freeze().
  void unfreeze() { --freezes_; }

 private:
  friend class Tape;
  std::atomic<int> freezes_{0};          // number of Frozen objects in scope, over all threads
  std::atomic<std::uint64_t> owner_{0};  // outermost tape of the thread that last recorded this parameter
  std::uint64_t tape_ = 0;  // the tape that last recorded this parameter, and its step there: the owner's
  int node_ = -1;
};

/// A value that may be recorded on the active tape. A Tensor converts to a constant, a Parameter to a leaf.
class Var {
 public:
  Var() = default;
  /// A constant.
  Var(Tensor value) : value_(std::move(value)) {}  // NOLINT: conversion is the point
  /// A leaf of the active tape. Without a tape, or while frozen, a constant.
  Var(Parameter& parameter);  // NOLINT

  /// The values.
  const Tensor& value() const& { return value_; }
  /// The values of a temporary Var; by value, so that they outlive it.
  Tensor value() && { return std::move(value_); }
  /// Their shape.
  const Shape& shape() const { return value_.shape(); }
  /// Size of an axis. Throws Error when there is no such axis.
  Index dim(int axis) const { return value_.dim(axis); }
  /// Number of elements.
  Index size() const { return value_.size(); }
  /// The only element. Throws Error when there is not exactly one.
  Real item() const { return value_.item(); }

  /// The same value as a constant: no gradient flows through it.
  Var detach() const { return Var(value_); }
  /// True when gradients flow back to this value.
  bool tracked() const { return node_ >= 0; }

 private:
  friend class Tape;
  Var(Tensor value, std::uint64_t tape, int node) : value_(std::move(value)), tape_(tape), node_(node) {}

  Tensor value_;
  std::uint64_t tape_ = 0;
  int node_ = -1;
};

/// Prints the value as a Tensor is printed.
inline std::ostream& operator<<(std::ostream& stream, const Var& x) { return stream << x.value(); }

}  // namespace gradus
