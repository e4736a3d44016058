// `vignette doctor`: a table of what is here, what is missing and how to fix it.
#include <cstdio>

#include "app/commands.h"
#include "app/preflight/preflight.h"

namespace vignette {
namespace {

const char* mark(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return "ok    ";
        case Verdict::note: return "note  ";
        case Verdict::failed: return "FAILED";
    }
    return "";
}

}  // namespace

int doctor(const Options& options) {
    std::vector<Check> checks = preflight(preflight_options(options));
    if (options.deep && !first_failure(checks)) checks.push_back(check_start(options));
    for (const Check& check : checks) {
        std::printf("%s  %-10s  %s\n", mark(check.verdict), check.name.c_str(), check.details.c_str());
        if (check.verdict == Verdict::failed) std::printf("        %-10s  -> %s\n", "", check.remedy.c_str());
    }
    const bool ready = !first_failure(checks);
    std::puts(ready ? "\nReady: vignette caption PICTURE" : "\nNot ready: see the lines marked FAILED.");
    return ready ? 0 : 1;
}

}  // namespace vignette
