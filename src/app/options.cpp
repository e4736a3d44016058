#include "app/options.h"

#include <cstdlib>
#include <utility>

#include "app/models/find_bundle.h"
#include "app/program_paths.h"

namespace vignette {

LogFormat log_format(const Options& options) {
    const char* endpoint = std::getenv("RUNPOD_ENDPOINT_ID");
    const bool on_platform = options.command == Command::worker && endpoint != nullptr && *endpoint != '\0';
    if (options.log_json) return LogFormat::json;
    return on_platform ? LogFormat::platform : LogFormat::people;
}

std::size_t vision_cache_bytes(const Options& options) {
    const int standard = options.command == Command::serve ? 256 : 0;
    return static_cast<std::size_t>(options.vision_cache_mib.value_or(standard)) * MiB;
}

Limits media_limits(const Options& options) {
    Limits limits;
    if (options.max_bytes) {
        const auto bytes = static_cast<std::size_t>(*options.max_bytes);
        limits.picture_bytes_max = limits.raw_bytes_max = limits.film_bytes_max = bytes;
    }
    limits.image_pixels_max = options.max_pixels.value_or(limits.image_pixels_max);
    return limits;
}

Result<CaptionerConfig> captioner_config(const Options& options, bool lazy) {
    CaptionerConfig config;
    if (!options.disable_captions) config.bundle = TRY(find_bundle(options.model));
    if (!options.embedder.empty()) {
        Result<std::filesystem::path> embedder = find_bundle(options.embedder);
        if (!embedder && (options.embedder != default_embedder || options.disable_captions)) {
            return std::unexpected(std::move(embedder).error());
        }
        config.embedder = embedder.value_or("");
    }
    if (options.sandbox == "on") {
        config.decoder = TRY(find_decoder());
    } else {
        log_warning(
            "the sandbox is off: a malicious picture can crash this process or take it over, with all jobs "
            "and keys"
        );
    }
    config.find_bundle = [](std::string_view name) { return find_bundle_of_job(name); };
    config.lazy = lazy;
    config.models_max = options.models_max;
    config.idle = std::chrono::seconds(options.idle_unload_s);
    config.device = options.device;
    config.precision = options.precision;
    config.slots = options.slots;
    config.picture_tokens = options.picture_tokens_max;
    config.batching = {
        .most = options.batch_size, .wait = std::chrono::milliseconds(options.batch_timeout_ms)
    };
    config.tells_start = options.command == Command::serve || options.command == Command::worker ||
                         options.command == Command::doctor;
    // Who comes for one answer would wait for two.
    config.warms_up = options.command != Command::caption && options.command != Command::run &&
                      options.command != Command::embed;
    config.cuda_graphs = options.cuda_graphs == "on";
    config.threads = options.threads;
    const int answers_mib = options.command == Command::serve ? 64 : 0;
    config.cache_bytes = static_cast<std::size_t>(options.cache_mib.value_or(answers_mib)) * MiB;
    config.cache_folder = options.cache_folder;
    config.cache_folder_bytes = static_cast<std::size_t>(options.cache_folder_mib) * MiB;
    config.limits = media_limits(options);
    config.limits.vision_cache_bytes_max = vision_cache_bytes(options);
    return config;
}

}  // namespace vignette
