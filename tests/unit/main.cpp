// The translation unit that contains doctest's implementation; unit_tests and gradient_tests share it.
//
// A test that cannot run here (no data set, no gnuplot) prints a line with "SKIPPED: <why>" and returns.
// Doctest counts it as passed; tests/run_tests.sh moves such tests from passed to skipped.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
