// The counters, and the report that a process leaves behind: VIGNETTE_NOOP_REPORT names its file.
#include "counts.h"

#include <cstdio>
#include <cstdlib>

#include "noop.h"

namespace noop {

constinit Counters counters{};

namespace {

void write_report() {
    const char* path = std::getenv("VIGNETTE_NOOP_REPORT");
    const NoopCounts now = noop_counts();
    // Other processes inherit the library and the variable; only one of them computes.
    if (path == nullptr || now.peak_bytes == 0) return;
    std::FILE* file = std::fopen(path, "w");
    if (file == nullptr) return;
    const struct {
        const char* name;
        std::uint64_t value;
    } fields[] = {
        {"kernels", now.kernels},       {"products", now.products},       {"waits", now.waits},
        {"copies_up", now.copies_up},   {"copies_down", now.copies_down}, {"copies_along", now.copies_along},
        {"bytes_up", now.bytes_up},     {"bytes_down", now.bytes_down},   {"fills", now.fills},
        {"peak_bytes", now.peak_bytes}, {"captures", now.captures},       {"replays", now.replays},
        {"illegal", now.illegal},       {"behind", now.behind},           {"allocations", allocations()},
    };
    const char* before = "{";
    for (const auto& field : fields) {
        std::fprintf(
            file, "%s\"%s\": %llu", before, field.name, static_cast<unsigned long long>(field.value)
        );
        before = ", ";
    }
    std::fputs("}\n", file);
    std::fclose(file);
}

// After main() and the exit handlers of others: what they still ask of the card is counted.
[[gnu::destructor]] void leave() { write_report(); }

}  // namespace
}  // namespace noop

NoopCounts noop_counts() {
    const noop::Counters& all = noop::counters;
    return {
        .kernels = all.kernels,
        .products = all.products,
        .waits = all.waits,
        .copies_up = all.copies_up,
        .copies_down = all.copies_down,
        .copies_along = all.copies_along,
        .bytes_up = all.bytes_up,
        .bytes_down = all.bytes_down,
        .fills = all.fills,
        .used_bytes = noop::used_bytes(),
        .peak_bytes = noop::peak_bytes(),
        .captures = all.captures,
        .replays = all.replays,
        .illegal = all.illegal,
        .behind = all.behind,
    };
}

void noop_restart_peak() { noop::restart_peak(); }
