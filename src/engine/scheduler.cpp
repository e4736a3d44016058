#include "engine/scheduler.h"

namespace vignette {

int count_admissible(const AdmissionView& now) {
    int free = now.free_slots;
    int admitted = 0;
    for (const int slots : now.waiting_slots) {
        if (admitted >= now.admissions_max || slots > free) break;
        free -= slots;
        ++admitted;
    }
    return admitted;
}

}  // namespace vignette
