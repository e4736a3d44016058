// Can this machine describe pictures? The checks that `vignette worker` makes before it takes jobs and that
// `vignette doctor` prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/options.h"
#include "app/preflight/gpu.h"

namespace vignette {

enum class Verdict { ok, note, failed };

struct Check {
    std::string name;
    Verdict verdict = Verdict::ok;
    std::string details;
    std::string remedy;  // of a failure: what to do about it
    bool operator==(const Check&) const = default;
};

// What the operator asked for, and where to look, which tests replace.
struct PreflightOptions {
    std::string model;
    std::string device = "auto";
    int slots = 0;
    int picture_tokens = 0;
    std::uint64_t vision_cache_bytes = 0;
    bool deep = false;            // also hashes the weights
    bool open_captioner = false;  // as this user, with all libraries that it needs
    bool gpu_required = false;
    bool skip_all = false;
    bool skip_gpu = false;
    bool skip_system = false;
    std::optional<double> memory_gib_min;  // empty: what the model needs
    double disk_percent_min = 10;
    int cuda_version_min = 13000;  // as the driver counts: 13.0, which our torch is built for
    std::string job_api;           // RunPod's, where jobs are taken; empty: none
    std::chrono::milliseconds network_timeout{5'000};
    std::filesystem::path outbox;  // empty: none
    UrlOptions urls;
    bool sandbox = true;
    std::vector<std::string> misunderstood;  // variables whose values were not understood

    std::filesystem::path root = "/";
    std::function<Result<Gpus>()> probe = [] { return probe_gpus(); };
};

// With RUNPOD_SKIP_…, RUNPOD_MIN_…, RUNPOD_GPU_COUNT, RUNPOD_WEBHOOK_GET_JOB and VIGNETTE_OUTBOX of the
// environment.
PreflightOptions preflight_options(const Options& options);

// Always runs all checks, the most important first. Creates CUDA contexts, so it takes about as long as the
// slowest GPU needs for one. One call at a time.
std::vector<Check> preflight(const PreflightOptions& options);

// What a worker or a server goes through until its first answer. Takes as long as that does.
Check check_start(const Options& options);

std::optional<Check> first_failure(const std::vector<Check>& checks);

// A check's details as the platform accepts them: at most 256 bytes, no character cut.
std::string reason(const Check& check);

}  // namespace vignette
