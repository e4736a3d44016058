#include "engine/scheduler.h"

#include <algorithm>

namespace vignette {

int count_admissible(const AdmissionView& now) {
    int free = now.free_slots;
    int tokens = now.tokens_max;
    int admitted = 0;
    for (const Waiting& next : now.waiting) {
        if (admitted >= now.admissions_max || next.slots > free) break;
        if (admitted > 0 && next.tokens > std::max(tokens, 0)) break;
        free -= next.slots;
        tokens -= next.tokens;
        ++admitted;
    }
    return admitted;
}

}  // namespace vignette
