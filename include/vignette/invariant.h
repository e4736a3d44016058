// Assertions about our own invariants. Bad input is an Error; a broken invariant aborts the process in every
// build.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace vignette {

[[noreturn]] inline void panic(
    const char* what, const std::source_location& where = std::source_location::current()
) {
    std::fprintf(stderr, "vignette: broken invariant: %s (%s:%u)\n", what, where.file_name(), where.line());
    std::abort();
}

}  // namespace vignette

#define ASSERT(condition) ((condition) ? void() : ::vignette::panic(#condition))
