// The one translation unit that holds doctest's own code; unit_tests and gradient_tests share it.
//
// A test that cannot run here (no data set, no gnuplot) prints a line with "SKIPPED: <why>" and returns.
// Doctest counts it as passed; tests/run_tests.sh takes these lines off the passed and adds them to the
// skipped.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
