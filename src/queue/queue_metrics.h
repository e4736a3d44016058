// The queue's numbers in Prometheus' text format. Pure, for any thread.
#pragma once

#include <optional>
#include <string>

#include "queue/job_queue.h"

namespace vignette {

std::string queue_metrics(const std::optional<QueueStats>& stats);  // none: Redis did not answer

}  // namespace vignette
