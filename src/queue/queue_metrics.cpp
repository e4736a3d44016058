#include "queue/queue_metrics.h"

#include <string_view>

namespace vignette {
namespace {

void add(std::string& text, std::string_view name, std::string_view type, std::string_view help, auto value) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
    text.append(" ").append(type).append("\n").append(name).append(" ");
    text.append(std::to_string(value)).append("\n");
}

}  // namespace

std::string queue_metrics(const std::optional<QueueStats>& stats) {
    std::string text;
    add(text, "vignette_queue_up", "gauge", "1 if Redis answers", stats ? 1 : 0);
    if (!stats) return text;
    constexpr double ms = 1'000;
    add(text, "vignette_queue_lag", "gauge", "Jobs that no worker has taken", stats->waiting);
    add(text, "vignette_queue_pending", "gauge", "Jobs in the hands of workers", stats->in_hand);
    add(text, "vignette_queue_oldest_seconds", "gauge", "How long the oldest job has waited for a worker",
        static_cast<double>(stats->oldest_waits.count()) / ms);
    add(text, "vignette_queue_workers", "gauge", "Workers heard of in the last minute", stats->workers);
    add(text, "vignette_queue_completed_total", "counter", "Jobs of all gateways that were completed",
        stats->counts.completed);
    add(text, "vignette_queue_failed_total", "counter", "Jobs that failed, were cancelled or timed out",
        stats->counts.failed);
    add(text, "vignette_queue_dead_total", "counter", "Jobs given up after three tries", stats->dead);
    add(text, "vignette_queue_redis_bytes", "gauge", "Memory that Redis uses", stats->bytes);
    add(text, "vignette_queue_redis_bytes_max", "gauge", "Memory that Redis may use; 0: no bound",
        stats->bytes_max);
    return text;
}

}  // namespace vignette
