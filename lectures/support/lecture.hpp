#pragma once
// Everything that a lecture program uses: the library, and what the programs share.
#include "gradus/gradus.hpp"
#include "support/cache.hpp"
#include "support/judge.hpp"
#include "support/program.hpp"
