// What the server counts and measures, for Prometheus. Any thread.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "serve/job_desk.h"
#include "trace/span_exporter.h"
#include "wire/answer/answer_json.h"

namespace vignette {

struct DeviceMemory {
    std::uint64_t used_bytes = 0;
    std::uint64_t total_bytes = 0;
};

class Metrics {
public:
    // `cost_per_hour`: of the machine, in whatever money; 0: not said.
    explicit Metrics(double cost_per_hour = 0);

    // `route`: text that stays. The first is for what was refused before its route saw it.
    void note_request(std::string_view route, int status);
    void note_answer(std::string_view route, int status, std::chrono::microseconds took);
    void note_job(const EndedJob& job);

    // What is looked up when somebody asks.
    struct Now {
        JobDesk::Load load;
        bool ready = false;
        std::optional<SpanExporter::Counts> spans;  // nothing: no traces
        std::vector<DeviceMemory> gpus;
    };
    std::string text(const Now& now);  // in Prometheus' text format

private:
    // Of one route with one status: looked up by labels only once.
    struct RouteMetrics {
        prometheus::Counter& requests;
        prometheus::Histogram* seconds;  // null: only refused early until now
    };

    void note_caches(const CachesUse& caches);
    RouteMetrics& of_route(std::string_view route, int status) REQUIRES(looking_up_);

    Mutex writing_;
    Mutex looking_up_;
    std::map<std::pair<std::string_view, int>, RouteMetrics> routes_ GUARDED_BY(looking_up_);
    prometheus::Registry registry_;
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Family<prometheus::Histogram>& request_seconds_;
    prometheus::Family<prometheus::Counter>& jobs_;
    prometheus::Family<prometheus::Counter>& items_;
    prometheus::Family<prometheus::Histogram>& stage_seconds_;
    prometheus::Histogram& batch_size_;
    prometheus::Counter& new_tokens_;
    prometheus::Gauge& waiting_;
    prometheus::Gauge& running_;
    prometheus::Counter& refused_;
    prometheus::Gauge& predicted_wait_;
    prometheus::Gauge& ready_;
    prometheus::Gauge& pictures_running_;
    prometheus::Gauge& pictures_at_once_;
    prometheus::Counter& busy_seconds_;
    prometheus::Family<prometheus::Gauge>& gpu_memory_;
    prometheus::Family<prometheus::Counter>& spans_;
    prometheus::Family<prometheus::Counter>& cache_lookups_;
    prometheus::Family<prometheus::Gauge>& cache_bytes_;
};

}  // namespace vignette
