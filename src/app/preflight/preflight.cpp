#include "app/preflight/preflight.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "app/preflight/checks.h"
#include "core/ascii.h"
#include "core/environment.h"

namespace vignette {
namespace {

// As RunPod's SDK reads it.
bool is_true(const char* name) {
    constexpr std::array<std::string_view, 4> words{"1", "true", "yes", "on"};
    return std::ranges::find(words, ascii_lower(variable(name))) != words.end();
}

// Empty if the variable is not set. One that is not a number from 0 to `max` is added to `misunderstood`.
std::optional<double> number(const char* name, double max, std::vector<std::string>& misunderstood) {
    const std::string value = variable(name);
    if (value.empty()) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool understood = error == std::errc{} && end == value.data() + value.size();
    if (understood && number >= 0 && number <= max) return number;
    misunderstood.push_back(std::string(name) + "=" + value);
    return std::nullopt;
}

// "12.4" is 12040 to the driver. What follows the point is not a fraction: 12.10 is newer than 12.9.
std::optional<int> cuda_version(const char* name, std::vector<std::string>& misunderstood) {
    const std::string value = variable(name);
    if (value.empty()) return std::nullopt;
    int major = 0;
    int minor = 0;
    int used = 0;
    const int parts = std::sscanf(value.c_str(), "%3d%n.%2d%n", &major, &used, &minor, &used);
    const bool whole = static_cast<std::size_t>(used) == value.size();
    if (parts >= 1 && whole && major >= 0 && minor >= 0) return major * 1000 + minor * 10;
    misunderstood.push_back(std::string(name) + "=" + value);
    return std::nullopt;
}

std::vector<Check> check_system(
    const PreflightOptions& options, bool gpu, const std::optional<ModelNeeds>& needs
) {
    if (options.skip_system) return {noted("system", "not checked: RUNPOD_SKIP_AUTO_SYSTEM_CHECKS")};
    std::vector<Check> checks{check_memory(options, gpu, needs), check_disk(options)};
    if (!options.job_api.empty()) checks.push_back(check_network(options));
    return checks;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

}  // namespace

PreflightOptions preflight_options(const Options& options) {
    PreflightOptions made{
        .model = options.disable_captions ? options.embedder : options.model,
        .device = options.device,
        .slots = options.slots,
        .picture_tokens = options.picture_tokens_max,
        .vision_cache_bytes = vision_cache_bytes(options)
    };
    std::vector<std::string>& misunderstood = made.misunderstood;
    made.deep = options.deep;
    made.open_captioner = options.command == Command::doctor;  // the worker opens it right after
    made.skip_all = is_true("RUNPOD_SKIP_FITNESS_CHECKS");
    made.skip_gpu = is_true("RUNPOD_SKIP_GPU_CHECK");
    made.skip_system = is_true("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS");
    const bool has_gpus = number("RUNPOD_GPU_COUNT", 1024, misunderstood).value_or(0) > 0;
    made.gpu_required = options.device.starts_with("cuda") || (options.device == "auto" && has_gpus);
    made.memory_gib_min = number("RUNPOD_MIN_MEMORY_GB", 1e6, misunderstood);
    made.disk_percent_min =
        number("RUNPOD_MIN_DISK_PERCENT", 100, misunderstood).value_or(made.disk_percent_min);
    made.cuda_version_min =
        cuda_version("RUNPOD_MIN_CUDA_VERSION", misunderstood).value_or(made.cuda_version_min);
    made.job_api = variable("RUNPOD_WEBHOOK_GET_JOB");
    const double network_s = number("RUNPOD_NETWORK_CHECK_TIMEOUT", 600, misunderstood).value_or(5);
    made.network_timeout = std::chrono::milliseconds(std::lround(network_s * 1000));
    made.outbox = variable("VIGNETTE_OUTBOX");
    made.urls = options.urls;
    made.sandbox = options.sandbox == "on";
    return made;
}

std::vector<Check> preflight(const PreflightOptions& options) {
    if (options.skip_all) return {noted("checks", "not made: RUNPOD_SKIP_FITNESS_CHECKS")};
    std::optional<ModelNeeds> needs;
    const bool gpu_wanted = options.device != "cpu" && !options.skip_gpu;
    std::vector<Check> checks{check_captioner(options.open_captioner), check_sandbox(options.sandbox)};
    const auto add = [&](std::vector<Check> more) { checks.insert(checks.end(), more.begin(), more.end()); };
    add(check_model(options, needs));
    const Result<Gpus> gpus = gpu_wanted ? options.probe() : Gpus{};
    add(check_gpus(options, gpus, needs));
    add(check_system(options, gpus && !gpus->devices.empty(), needs));
    if (!options.outbox.empty()) add({check_outbox(options.outbox)});
    add({check_urls(options.urls)});
    add({check_cpu(host_cores(options.root))});
    add({passed("version", VIGNETTE_VERSION)});
    if (!options.misunderstood.empty()) {
        add({noted("settings", "not understood, the default is used: " + joined(options.misunderstood))});
    }
    return checks;
}

std::optional<Check> first_failure(const std::vector<Check>& checks) {
    const auto found = std::ranges::find(checks, Verdict::failed, &Check::verdict);
    if (found == checks.end()) return std::nullopt;
    return *found;
}

std::string reason(const Check& check) {
    constexpr std::size_t bytes_max = 256;
    if (check.details.size() <= bytes_max) return check.details;
    std::size_t end = bytes_max;
    const auto continues = [&] { return (static_cast<unsigned char>(check.details[end]) & 0xC0) == 0x80; };
    while (end > 0 && continues()) --end;
    return check.details.substr(0, end);
}

Check passed(std::string name, std::string details) {
    return {.name = std::move(name), .verdict = Verdict::ok, .details = std::move(details)};
}

Check noted(std::string name, std::string details) {
    return {.name = std::move(name), .verdict = Verdict::note, .details = std::move(details)};
}

Check failed(std::string name, std::string details, std::string remedy) {
    return {
        .name = std::move(name),
        .verdict = Verdict::failed,
        .details = std::move(details),
        .remedy = std::move(remedy)
    };
}

Check failed(std::string name, const Error& error) {
    const std::size_t end = error.message.rfind("; ");
    if (end == std::string::npos) {
        return failed(std::move(name), error.message, "docs/errors.md says more about this error");
    }
    return failed(std::move(name), error.message.substr(0, end), error.message.substr(end + 2));
}

std::string cuda_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace vignette
