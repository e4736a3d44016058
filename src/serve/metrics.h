// What the server counts and measures, for Prometheus. Any thread.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <string_view>

#include "serve/job_desk.h"
#include "wire/answer/answer_json.h"

namespace vignette {

class Metrics {
public:
    Metrics();

    void note_answer(std::string_view route, int status, std::chrono::microseconds took);
    void note_job(const Answer& answer, bool succeeded);

    std::string text(const JobDesk::Load& load, bool ready);  // in Prometheus' text format

private:
    void note_caches(const CachesUse& caches);

    prometheus::Registry registry_;
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Family<prometheus::Histogram>& request_seconds_;
    prometheus::Family<prometheus::Counter>& jobs_;
    prometheus::Family<prometheus::Counter>& items_;
    prometheus::Family<prometheus::Histogram>& stage_seconds_;
    prometheus::Counter& new_tokens_;
    prometheus::Gauge& waiting_;
    prometheus::Gauge& running_;
    prometheus::Counter& refused_;
    prometheus::Gauge& predicted_wait_;
    prometheus::Gauge& ready_;
    prometheus::Family<prometheus::Counter>& cache_lookups_;
    prometheus::Family<prometheus::Gauge>& cache_bytes_;
};

}  // namespace vignette
