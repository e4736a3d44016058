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

void raise(prometheus::Counter& counter, double to) { counter.Increment(to - counter.Value()); }

}  // namespace

Metrics::Metrics(double cost_per_hour)
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
                         .Help("Time of one picture in each stage; post: of writing a job's answer")
                         .Register(registry_)),
      batch_size_(prometheus::BuildHistogram()
                      .Name("vignette_batch_size")
                      .Help("Sequences in a step of the model, on average over the steps of one picture")
                      .Register(registry_)
                      .Add({}, Histogram::BucketBoundaries{1, 2, 4, 8, 16, 32, 64, 128})),
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
      pictures_running_(gauge(registry_, "vignette_pictures_running", "Pictures, texts and films in work")),
      pictures_at_once_(gauge(
          registry_, "vignette_pictures_at_once",
          "How many can be in work at once; 0 while the model is loaded"
      )),
      busy_seconds_(prometheus::BuildCounter()
                        .Name("vignette_busy_seconds_total")
                        .Help("Time in which any picture was in work")
                        .Register(registry_)
                        .Add({})),
      gpu_memory_(prometheus::BuildGauge()
                      .Name("vignette_gpu_memory_bytes")
                      .Help("Memory of the GPU, as its driver reports it: of all processes together")
                      .Register(registry_)),
      spans_(prometheus::BuildCounter()
                 .Name("vignette_trace_spans_total")
                 .Help("Spans of traces, by what became of them: sent or dropped")
                 .Register(registry_)),
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
    if (cost_per_hour > 0)
        gauge(registry_, "vignette_cost_per_hour", "What an hour of this machine costs, as its operator says")
            .Set(cost_per_hour);
    prometheus::BuildGauge()
        .Name("vignette_build_info")
        .Help("Always 1; the version is a label")
        .Register(registry_)
        .Add({{"version", VIGNETTE_VERSION}})
        .Set(1);
}

Metrics::RouteMetrics& Metrics::of_route(std::string_view route, int status) {
    const auto found = routes_.find({route, status});
    if (found != routes_.end()) return found->second;
    prometheus::Counter& requests =
        requests_.Add({{"route", std::string(route)}, {"status", std::to_string(status)}});
    return routes_.emplace(std::pair(route, status), RouteMetrics{requests, nullptr}).first->second;
}

void Metrics::note_request(std::string_view route, int status) {
    const MutexLock lock(looking_up_);
    of_route(route, status).requests.Increment();
}

void Metrics::note_answer(std::string_view route, int status, std::chrono::microseconds took) {
    const MutexLock lock(looking_up_);
    RouteMetrics& metrics = of_route(route, status);
    metrics.requests.Increment();
    if (metrics.seconds == nullptr)
        metrics.seconds = &request_seconds_.Add({{"route", std::string(route)}}, buckets());
    metrics.seconds->Observe(seconds(took));
}

void Metrics::note_job(const EndedJob& job) {
    jobs_.Add({{"outcome", job.succeeded ? "done" : "failed"}}).Increment();
    stage_seconds_.Add({{"stage", "post"}}, buckets()).Observe(seconds(job.post));
    for (const AnsweredItem& item : job.answer.items) {
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
        if (times.batch > 0) batch_size_.Observe(times.batch);
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

std::string Metrics::text(const Now& now) {
    const MutexLock lock(writing_);  // two who ask at once must not both raise a counter
    const JobDesk::Load& load = now.load;
    waiting_.Set(static_cast<double>(load.waiting));
    running_.Set(static_cast<double>(load.running));
    raise(refused_, static_cast<double>(load.refused));
    predicted_wait_.Set(std::chrono::duration<double>(load.predicted_wait).count());
    ready_.Set(now.ready ? 1 : 0);
    pictures_running_.Set(static_cast<double>(load.pictures_running));
    pictures_at_once_.Set(static_cast<double>(load.pictures_at_once));
    raise(busy_seconds_, std::chrono::duration<double>(load.busy).count());
    for (std::size_t i = 0; i < now.gpus.size(); ++i) {
        const std::string gpu = std::to_string(i);
        gpu_memory_.Add({{"gpu", gpu}, {"state", "used"}}).Set(static_cast<double>(now.gpus[i].used_bytes));
        gpu_memory_.Add({{"gpu", gpu}, {"state", "total"}}).Set(static_cast<double>(now.gpus[i].total_bytes));
    }
    if (now.spans) {
        raise(spans_.Add({{"outcome", "sent"}}), static_cast<double>(now.spans->sent));
        raise(spans_.Add({{"outcome", "dropped"}}), static_cast<double>(now.spans->dropped));
    }
    note_caches(load.caches);
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace vignette
