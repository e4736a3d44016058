#include "serve/routes.h"

#include "core/enum_text.h"
#include "core/percent.h"
#include "serve/endpoint_routes.h"
#include "serve/local_routes.h"
#include "serve/plain_routes.h"

namespace vignette {
namespace {

constexpr std::array table{
    // Whether the server lives, for whoever watches it
    Route{"GET", "/ping", Access::open, Dialect::vignette, "204 while the model loads, then 200", ping},
    Route{"GET", "/livez", Access::open, Dialect::vignette, "200 as long as the process lives", livez},
    Route{"GET", "/readyz", Access::open, Dialect::vignette, "200 once jobs are run, else 503", readyz},
    Route{
        "GET", "/health", Access::open, Dialect::vignette, "Whether the model is ready, and on what it runs",
        health
    },
    // Our own
    Route{"POST", "/run", Access::key, Dialect::vignette, "One job, answered when it is done", run_here},
    Route{"POST", "/runsync", Access::key, Dialect::vignette, "The same as /run", run_here_sync},
    Route{
        "POST", "/caption", Access::key, Dialect::vignette,
        "One job whose fields need no \"input\" around them", run_plain
    },
    Route{
        "POST", "/batch_embed_and_caption", Access::key, Dialect::vignette,
        "Captions and vectors of many pictures", run_batch
    },
    // RunPod's local server, with --rp_serve_api; then /run and /runsync are its, too
    Route{
        "POST", "/status/{id}", Access::key, Dialect::runpod,
        "How a job is doing, once it has ended (with --rp_serve_api)", local_status_sync
    },
    Route{
        "GET", "/status/{id}", Access::key, Dialect::runpod, "How a job is doing (with --rp_serve_api)",
        local_status
    },
    Route{
        "POST", "/stream/{id}", Access::key, Dialect::runpod,
        "All that a job has said, once it has ended (with --rp_serve_api)", local_stream
    },
    // RunPod's public API
    Route{"POST", "/v2/{endpoint}/run", Access::key, Dialect::runpod, "Hands a job in", endpoint_run},
    Route{
        "POST", "/v2/{endpoint}/runsync", Access::key, Dialect::runpod,
        "Hands a job in and waits for its end", endpoint_runsync
    },
    Route{
        "GET", "/v2/{endpoint}/status/{id}", Access::key, Dialect::runpod, "How a job is doing",
        endpoint_status
    },
    Route{
        "POST", "/v2/{endpoint}/status/{id}", Access::key, Dialect::runpod, "The same, as the Go SDK asks",
        endpoint_status
    },
    Route{
        "GET", "/v2/{endpoint}/status-sync/{id}", Access::key, Dialect::runpod,
        "How a job is doing, once it has ended", endpoint_status_sync
    },
    Route{
        "POST", "/v2/{endpoint}/status-sync/{id}", Access::key, Dialect::runpod,
        "The same, as the Go SDK asks", endpoint_status_sync
    },
    Route{
        "GET", "/v2/{endpoint}/stream/{id}", Access::key, Dialect::runpod,
        "What a job has said since the last time", endpoint_stream
    },
    Route{
        "POST", "/v2/{endpoint}/stream/{id}", Access::key, Dialect::runpod, "The same, as the Go SDK asks",
        endpoint_stream
    },
    Route{"POST", "/v2/{endpoint}/cancel/{id}", Access::key, Dialect::runpod, "Ends a job", endpoint_cancel},
    Route{
        "POST", "/v2/{endpoint}/retry/{id}", Access::key, Dialect::runpod, "Runs a failed job again",
        endpoint_retry
    },
    Route{
        "POST", "/v2/{endpoint}/purge-queue", Access::key, Dialect::runpod, "Cancels the jobs that wait",
        endpoint_purge
    },
    Route{
        "GET", "/v2/{endpoint}/health", Access::key, Dialect::runpod, "Counts of jobs and workers",
        endpoint_health
    },
};

// The parts of `path` that stand where `pattern` has braces, if it fits.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
        const std::size_t path_end = std::min(path.find('/', 1), path.size());
        const std::string_view wanted = pattern.substr(0, pattern_end);
        const std::string_view given = path.substr(0, path_end);
        if (wanted.starts_with("/{")) {
            if (given.size() < 2) return std::nullopt;
            std::optional<std::string> part = percent_decode(given.substr(1));
            if (!part) return std::nullopt;
            parts.push_back(*std::move(part));
        } else if (wanted != given) {
            return std::nullopt;
        }
        pattern.remove_prefix(pattern_end);
        path.remove_prefix(path_end);
        if (pattern.empty() || path.empty()) break;
    }
    if (!pattern.empty() || !path.empty()) return std::nullopt;
    return parts;
}

}  // namespace

std::span<const Route> routes() { return table; }

Match find_route(std::string_view method, std::string_view path) {
    Match found;
    for (const Route& route : table) {
        std::optional<std::vector<std::string>> parts = match(route.path, path);
        if (!parts) continue;
        if (route.method == method || (method == "HEAD" && route.method == "GET"))
            return {.route = &route, .parts = *std::move(parts)};
        found.other_method = true;
    }
    return found;
}

ServedResponse refusal(Dialect dialect, const Error& error, int status) {
    return {.status = status, .body = format_refusal(dialect, error, status), .fields = {}};
}

ServedResponse refusal(Dialect dialect, const Error& error) {
    return refusal(dialect, error, http_status(error.code));
}

}  // namespace vignette
