#pragma once
// All headers that a lecture program uses: the library and the shared support.
#include "gradus/gradus.hpp"
#include "support/cache.hpp"
#include "support/inference.hpp"
#include "support/judge.hpp"
#include "support/program.hpp"
