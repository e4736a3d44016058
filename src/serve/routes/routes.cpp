#include "serve/routes/routes.h"

#include "core/enum_text.h"
#include "core/percent.h"
#include "serve/routes/anthropic_routes.h"
#include "serve/routes/endpoint_routes.h"
#include "serve/routes/form_lines.h"
#include "serve/routes/local_routes.h"
#include "serve/routes/ollama_routes.h"
#include "serve/routes/openai_routes.h"
#include "serve/routes/page_routes.h"
#include "serve/routes/photo_routes.h"
#include "serve/routes/plain_routes.h"

namespace vignette {
namespace {

// The media types of answers in pieces.
constexpr std::string_view lines = "application/x-ndjson";
constexpr std::string_view events = "text/event-stream";
constexpr std::string_view lines_or_events = "application/x-ndjson text/event-stream";

// clang-format off: a table, two lines a row
constexpr std::array table{
    // Whether the server lives, for whoever watches it
    Route{"GET", "/ping", Access::open, Dialect::vignette,
          "204 while the model loads, then pong", ping, {}, "text/plain"},
    Route{"GET", "/livez", Access::open, Dialect::vignette,
          "200 as long as the process lives", livez, {}, "State"},
    Route{"GET", "/readyz", Access::open, Dialect::vignette,
          "200 once jobs are run, else 503", readyz, {}, "State"},
    Route{"GET", "/health", Access::open, Dialect::vignette,
          "Whether the model is ready, and on what it runs", health, {}, "Health"},
    Route{"GET", "/metrics", Access::admin, Dialect::vignette,
          "Counts and times for Prometheus", metrics, {}, "text/plain"},
    // For people with a browser
    Route{"GET", "/", Access::open, Dialect::vignette,
          "The playground", playground, {}, "text/html"},
    Route{"GET", "/playground.css", Access::open, Dialect::vignette,
          "Its style", playground_style, {}, "text/css"},
    Route{"GET", "/playground.js", Access::open, Dialect::vignette,
          "Its program", playground_script, {}, "text/javascript"},
    Route{"GET", "/boxes.js", Access::open, Dialect::vignette,
          "Draws boxes over pictures", boxes_script, {}, "text/javascript"},
    Route{"GET", "/snippets.js", Access::open, Dialect::vignette,
          "Its examples in other programs' languages", snippets_script, {}, "text/javascript"},
    Route{"GET", "/docs", Access::open, Dialect::vignette,
          "This document, to read", documentation, {}, "text/html"},
    Route{"GET", "/docs.js", Access::open, Dialect::vignette,
          "What shows it", documentation_script, {}, "text/javascript"},
    Route{"GET", "/openapi.json", Access::open, Dialect::vignette,
          "This document", openapi, {}, "OpenapiDocument"},
    // Our own
    Route{"POST", "/run", Access::key, Dialect::vignette,
          "One job, answered when it is done", run_here, "Job", "Result", lines_or_events},
    Route{"POST", "/runsync", Access::key, Dialect::vignette,
          "The same as /run", run_here_sync, "Job", "Result", lines_or_events},
    Route{"POST", "/caption", Access::key, Dialect::vignette,
          "One job whose fields need no \"input\" around them", run_plain, "Job", "Result", lines_or_events},
    Route{"POST", "/batch_embed_and_caption", Access::key, Dialect::vignette,
          "Captions and vectors of many pictures", run_batch, "Job", "BatchResult", lines_or_events},
    // RunPod's public API
    Route{"POST", "/v2/{endpoint}/run", Access::key, Dialect::runpod,
          "Hands a job in", endpoint_run, "Submission", "JobStatus"},
    Route{"POST", "/v2/{endpoint}/runsync", Access::key, Dialect::runpod,
          "Hands a job in and waits for its end", endpoint_runsync, "Submission", "JobStatus"},
    Route{"GET", "/v2/{endpoint}/status/{id}", Access::key, Dialect::runpod,
          "How a job is doing", endpoint_status, {}, "JobStatus"},
    Route{"POST", "/v2/{endpoint}/status/{id}", Access::key, Dialect::runpod,
          "The same, as the Go SDK asks", endpoint_status, {}, "JobStatus"},
    Route{"GET", "/v2/{endpoint}/status-sync/{id}", Access::key, Dialect::runpod,
          "How a job is doing, once it has ended", endpoint_status_sync, {}, "JobStatus"},
    Route{"POST", "/v2/{endpoint}/status-sync/{id}", Access::key, Dialect::runpod,
          "The same, as the Go SDK asks", endpoint_status_sync, {}, "JobStatus"},
    Route{"GET", "/v2/{endpoint}/stream/{id}", Access::key, Dialect::runpod,
          "What a job has said since the last time", endpoint_stream, {}, "JobStream"},
    Route{"POST", "/v2/{endpoint}/stream/{id}", Access::key, Dialect::runpod,
          "The same, as the Go SDK asks", endpoint_stream, {}, "JobStream"},
    Route{"POST", "/v2/{endpoint}/cancel/{id}", Access::key, Dialect::runpod,
          "Ends a job", endpoint_cancel, {}, "JobStatus"},
    Route{"POST", "/v2/{endpoint}/retry/{id}", Access::key, Dialect::runpod,
          "Runs a failed job again", endpoint_retry, {}, "JobStatus"},
    Route{"POST", "/v2/{endpoint}/purge-queue", Access::admin, Dialect::runpod,
          "Cancels the jobs that wait", endpoint_purge, {}, "Purged"},
    Route{"GET", "/v2/{endpoint}/health", Access::key, Dialect::runpod,
          "Counts of jobs and workers", endpoint_health, {}, "EndpointHealth"},
    // Our own
    Route{"POST", "/batch_embed_and_caption_multipart", Access::key, Dialect::vignette,
          "The same, the pictures as files", run_batch_form, "multipart/form-data", "BatchResult", lines_or_events,
          form_lines},
    // Immich's machine learning, which also asks GET /ping
    Route{"POST", "/predict", Access::key, Dialect::immich,
          "The CLIP vector of a picture or a text", immich_predict, "multipart/form-data", "Object"},
    // PhotoPrism's Vision API
    Route{"POST", "/api/v1/vision/caption", Access::key, Dialect::photoprism,
          "A picture's caption", photoprism_caption, "Object", "Object"},
    Route{"POST", "/api/v1/vision/labels", Access::key, Dialect::photoprism,
          "A picture's labels", photoprism_labels, "Object", "Object"},
    Route{"POST", "/api/v1/vision/nsfw", Access::key, Dialect::photoprism,
          "Refused: no such model is here", photoprism_nsfw, "Object", "Object"},
    Route{"POST", "/api/v1/vision/face", Access::key, Dialect::photoprism,
          "Refused: no such model is here", photoprism_face, "Object", "Object"},
    // Anthropic's API
    Route{"POST", "/v1/messages", Access::key, Dialect::anthropic,
          "A caption, as Anthropic's clients ask for it", anthropic_messages, "Object", "Object", events},
    Route{"POST", "/v1/messages/count_tokens", Access::key, Dialect::anthropic,
          "501: tokens are counted in answers only", anthropic_count_tokens, "Object", "Object"},
    // Ollama's API
    Route{"POST", "/api/generate", Access::key, Dialect::ollama,
          "A caption, as Ollama's clients ask for it", ollama_generate, "Object", "Object", lines},
    Route{"POST", "/api/chat", Access::key, Dialect::ollama,
          "The same as a conversation", ollama_chat, "Object", "Object", lines},
    Route{"POST", "/api/embed", Access::key, Dialect::ollama,
          "Vectors of texts and pictures", ollama_embed, "Object", "Object"},
    Route{"POST", "/api/embeddings", Access::key, Dialect::ollama,
          "The vector of a text, in Ollama's older form", ollama_embeddings, "Object", "Object"},
    Route{"GET", "/api/tags", Access::key, Dialect::ollama,
          "The models", ollama_tags, {}, "Object"},
    Route{"POST", "/api/show", Access::key, Dialect::ollama,
          "One of the models", ollama_show, "Object", "Object"},
    Route{"GET", "/api/ps", Access::key, Dialect::ollama,
          "The model in memory", ollama_ps, {}, "Object"},
    Route{"GET", "/api/version", Access::key, Dialect::ollama,
          "The version of this program", ollama_version, {}, "Object"},
    Route{"POST", "/api/pull", Access::key, Dialect::ollama,
          "501: the models are the operator's", ollama_not_here, {}, "Object"},
    Route{"POST", "/api/push", Access::key, Dialect::ollama,
          "501: the models are the operator's", ollama_not_here, {}, "Object"},
    Route{"POST", "/api/create", Access::key, Dialect::ollama,
          "501: the models are the operator's", ollama_not_here, {}, "Object"},
    Route{"POST", "/api/copy", Access::key, Dialect::ollama,
          "501: the models are the operator's", ollama_not_here, {}, "Object"},
    Route{"POST", "/api/blobs/{digest}", Access::key, Dialect::ollama,
          "501: the models are the operator's", ollama_not_here, {}, "Object"},
    Route{"DELETE", "/api/delete", Access::key, Dialect::ollama,
          "501: the models are the operator's", ollama_not_here, {}, "Object"},
    // OpenAI's API
    Route{"POST", "/v1/chat/completions", Access::key, Dialect::openai,
          "Describes the pictures of a message", openai_chat, "Object", "Object", events},
    Route{"POST", "/v1/responses", Access::key, Dialect::openai,
          "The same in OpenAI's newer form", openai_responses, "Object", "Object", events},
    Route{"POST", "/v1/embeddings", Access::key, Dialect::openai,
          "Vectors of texts and pictures", openai_embeddings, "Object", "Object"},
    Route{"GET", "/v1/models", Access::key, Dialect::openai,
          "The models there are", openai_models, {}, "Object"},
    Route{"GET", "/v1/models/{model}", Access::key, Dialect::openai,
          "One of them", openai_model, {}, "Object"},
    // RunPod's local server, with --rp_serve_api; then /run and /runsync are its, too
    Route{"POST", "/status/{id}", Access::key, Dialect::runpod,
          "How a job is doing, once it has ended (with --rp_serve_api)", local_status_sync, {}, "JobStatus"},
    Route{"GET", "/status/{id}", Access::key, Dialect::runpod,
          "How a job is doing (with --rp_serve_api)", local_status, {}, "JobStatus"},
    Route{"POST", "/stream/{id}", Access::key, Dialect::runpod,
          "All that a job has said, once it has ended (with --rp_serve_api)", local_stream, {}, "JobStatus"},
};
// clang-format on

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

// OpenAI's routes have other addresses, too: those of vLLM's workers behind RunPod, for clients who move from
// there, /v2/{endpoint}/openai/v1/..., and /openai/v1/...
std::string_view without_openai_prefix(std::string_view path) {
    std::string_view rest = path;
    if (rest.starts_with("/v2/")) rest.remove_prefix(std::min(rest.find('/', 4), rest.size()));
    constexpr std::string_view prefix = "/openai";
    if (!rest.starts_with("/openai/v1/")) return path;
    return rest.substr(prefix.size());
}

}  // namespace

std::span<const Route> routes() { return table; }

Match find_route(std::string_view method, std::string_view path) {
    path = without_openai_prefix(path);
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

ServedResponse refusal(Dialect dialect, const Error& error, int status, std::string_view request_id) {
    return {.status = status, .body = format_refusal(dialect, error, status, request_id), .fields = {}};
}

ServedResponse refusal(Dialect dialect, const Error& error) {
    return refusal(dialect, error, http_status(error.code));
}

}  // namespace vignette
