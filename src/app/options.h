// The settings of the command line, the environment and vignette.toml as values. A setting has the same name
// in all three.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "vignette/batching.h"
#include "vignette/bundle.h"
#include "vignette/captioner.h"
#include "vignette/film.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

enum class Command {
    run,
    caption,
    embed,
    serve,
    worker,
    doctor,
    models_list,
    models_show,
    models_verify,
    models_add
};

// Used if it is installed. One that the operator names must exist.
inline constexpr const char* default_embedder = "demo-clip";

struct UrlOptions {  // docs/urls.md
    bool allow_private = false;
    std::vector<std::string> hosts;
    std::vector<std::string> denied;
    std::vector<std::uint16_t> ports;
    std::vector<std::string> headers;
    int deadline_s = 30;
};

struct ServeOptions {  // docs/server.md
    std::string host = "127.0.0.1";
    int port = 8000;
    int health_port = 0;  // 0: the same
    std::string keys;
    std::string key_file;
    std::string admin_keys;
    std::string admin_key_file;
    bool without_keys = false;
    int rate_limit = 0;  // requests a minute and key; 0: none
    std::string cors_origins;
    std::string tls_certificate;
    std::string tls_key;
    bool gateway = false;  // no model: jobs go to the workers of the queue
    int queue_max = 1'000;
    int queue_mib = 1'024;
    bool sdk_routes = false;
    double cost_per_hour = 0;  // of the machine, for the metrics; 0: not said
};

struct Options {
    Command command = Command::run;
    std::string model = "demo-blip2";
    std::string device = "auto";
    std::optional<Precision> precision;
    int threads = 0;
    int slots = 0;
    int picture_tokens_max = 0;
    int batch_size = Batching{}.most;
    int batch_timeout_ms = 0;
    std::string embedder = default_embedder;  // empty: none
    bool disable_captions = false;
    int models_max = 2;
    int idle_unload_s = 0;
    LogLevel log_level = LogLevel::info;
    bool log_json = false;
    UrlOptions urls;
    std::string cuda_graphs = "on";  // or "off"
    std::string sandbox = "on";      // or "off": pictures are opened in this process

    // run
    std::optional<std::string> test_input;
    std::string event_file;

    // caption, embed
    std::vector<std::string> files;               // or addresses
    std::vector<std::string> allowed_files{"."};  // the folders that file: addresses may name
    CaptionOptions caption;
    FrameOptions frames;  // of films
    bool json = false;
    int parallel = 4;
    std::optional<std::int64_t> max_bytes;   // of each picture and film
    std::optional<std::int64_t> max_pixels;  // of each picture and frame

    // embed
    std::vector<std::string> texts;
    VectorFormat vector_format = VectorFormat::numbers;

    ServeOptions serve;

    // serve, worker
    std::string queue;  // where jobs are kept: sqlite:..., redis://...; empty: in memory
    int queue_idle_s = 30;
    int concurrency = 0;
    int grace_s = 25;
    std::optional<int> cache_mib;         // answers kept; serve keeps some where nothing is said
    std::optional<int> vision_cache_mib;  // what the model saw in pictures, likewise

    // serve, worker, caption
    std::string cache_folder;  // of answers; empty: none
    int cache_folder_mib = 1024;

    // worker
    std::string outbox;
    bool refresh_worker = false;

    // doctor, models verify
    bool deep = false;

    // models
    std::string target;  // of show and verify: a name or a path; of add: a path or an id
    std::string bundle_name;
    std::string bundle_folder;
    std::optional<Dtype> dtype;
};

// The platform's own format where it runs the worker, so that its log view can show levels and jobs.
LogFormat log_format(const Options& options);

// Of what the model saw in pictures, kept: as given, or what the command keeps where nothing is said.
std::size_t vision_cache_bytes(const Options& options);

// Of pictures and films, as the options say.
Limits media_limits(const Options& options);

// Everything the back needs except a fetcher, with the operator's bundles found. If `lazy` is set, a model is
// loaded only when a job needs it.
Result<CaptionerConfig> captioner_config(const Options& options, bool lazy = false);

}  // namespace vignette
