#include "serve/metrics.h"

#include <prometheus/text_serializer.h>

#include <array>

#include "core/enum_text.h"

namespace vignette {
namespace {

using prometheus::Histogram;

Histogram::BucketBoundaries buckets() {
    return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
}

double seconds(std::chrono::microseconds time) { return std::chrono::duration<double>(time).count(); }

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

Metrics::Metrics()
    : requests_(prometheus::BuildCounter()
                    .Name("vignette_requests_total")
                    .Help("HTTP requests by route and status")
                    .Register(registry_)),
      request_seconds_(prometheus::BuildHistogram()
                           .Name("vignette_request_seconds")
                           .Help("From a request's last byte to its answer, by route")
                           .Register(registry_)),
      jobs_(prometheus::BuildCounter()
                .Name("vignette_jobs_total")
                .Help("Jobs that have ended, by outcome")
                .Register(registry_)),
      items_(prometheus::BuildCounter()
                 .Name("vignette_items_total")
                 .Help("Pictures, frames and texts answered, by outcome: ok or the error's code")
                 .Register(registry_)),
      stage_seconds_(prometheus::BuildHistogram()
                         .Name("vignette_stage_seconds")
                         .Help("Time of one picture in each stage")
                         .Register(registry_)),
      new_tokens_(prometheus::BuildCounter()
                      .Name("vignette_new_tokens_total")
                      .Help("Tokens written by the model")
                      .Register(registry_)
                      .Add({})),
      waiting_(gauge(registry_, "vignette_jobs_waiting", "Jobs that wait for their turn")),
      running_(gauge(registry_, "vignette_jobs_running", "Jobs in work")),
      refused_(prometheus::BuildCounter()
                   .Name("vignette_jobs_refused_total")
                   .Help("Jobs that were refused because the line was full")
                   .Register(registry_)
                   .Add({})),
      predicted_wait_(gauge(
          registry_, "vignette_predicted_wait_seconds", "How long a new job would probably wait for its turn"
      )),
      ready_(gauge(registry_, "vignette_ready", "1 once the model is loaded")),
      cache_lookups_(
          prometheus::BuildCounter()
              .Name("vignette_cache_lookups_total")
              .Help("Looks into the caches of answers and of what models saw in pictures, by outcome")
              .Register(registry_)
      ),
      cache_bytes_(prometheus::BuildGauge()
                       .Name("vignette_cache_bytes")
                       .Help("What the caches hold in memory")
                       .Register(registry_)) {
    prometheus::BuildGauge()
        .Name("vignette_build_info")
        .Help("Always 1; the version is a label")
        .Register(registry_)
        .Add({{"version", VIGNETTE_VERSION}})
        .Set(1);
}

void Metrics::note_answer(std::string_view route, int status, std::chrono::microseconds took) {
    const std::string name(route);
    requests_.Add({{"route", name}, {"status", std::to_string(status)}}).Increment();
    request_seconds_.Add({{"route", name}}, buckets()).Observe(seconds(took));
}

void Metrics::note_job(const Answer& answer, bool succeeded) {
    jobs_.Add({{"outcome", succeeded ? "done" : "failed"}}).Increment();
    for (const AnsweredItem& item : answer.items) {
        items_.Add({{"outcome", item.outcome ? "ok" : std::string(to_text(item.outcome.error().code))}}
        ).Increment();
        if (!item.outcome) continue;
        const Timings& times = item.outcome->timings;
        const std::array<std::pair<const char*, Timings::Duration>, 8> stages{{
            {"fetch", times.fetch},
            {"decode", times.decode},
            {"preprocess", times.preprocess},
            {"queue", times.queue},
            {"vision", times.vision},
            {"prefill", times.prefill},
            {"decode_steps", times.decode_steps},
            {"total", times.total},
        }};
        for (const auto& [stage, time] : stages)
            stage_seconds_.Add({{"stage", stage}}, buckets()).Observe(seconds(time));
        new_tokens_.Increment(static_cast<double>(item.outcome->tokens.size()));
    }
}

void Metrics::note_caches(const CachesUse& caches) {
    const auto note = [this](const char* name, const CacheUse& use) {
        const auto raise = [&](const char* outcome, std::uint64_t count) {
            prometheus::Counter& counter = cache_lookups_.Add({{"cache", name}, {"outcome", outcome}});
            counter.Increment(static_cast<double>(count) - counter.Value());
        };
        raise("hit", use.hits);
        raise("miss", use.misses);
        cache_bytes_.Add({{"cache", name}}).Set(static_cast<double>(use.bytes));
    };
    note("answers", caches.answers);
    note("vision", caches.vision);
}

std::string Metrics::text(const JobDesk::Load& load, bool ready) {
    waiting_.Set(static_cast<double>(load.waiting));
    running_.Set(static_cast<double>(load.running));
    refused_.Increment(static_cast<double>(load.refused) - refused_.Value());
    predicted_wait_.Set(std::chrono::duration<double>(load.predicted_wait).count());
    ready_.Set(ready ? 1 : 0);
    note_caches(load.caches);
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace vignette
