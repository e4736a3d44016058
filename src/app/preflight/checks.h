// The checks of a preflight, each a function of what was found. Private to app/preflight.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/preflight/preflight.h"
#include "bundle/manifest.h"
#include "core/host/cores.h"

namespace vignette {

// What the model needs, once its bundle is known to be complete.
struct ModelNeeds {
    Manifest manifest;
    std::uint64_t weights_bytes = 0;
};

Check passed(std::string name, std::string details);
Check noted(std::string name, std::string details);
Check failed(std::string name, std::string details, std::string remedy);
// Our errors say what is wrong, then, after a semicolon, what to do.
Check failed(std::string name, const Error& error);

std::string cuda_text(int version);  // 13000: "13.0"

Check check_captioner(bool open);
Check check_sandbox(bool on);
// The bundle and its files; `needs` is set when both are right.
std::vector<Check> check_model(const PreflightOptions& options, std::optional<ModelNeeds>& needs);

// The devices, the CUDA version, and the free memory of that on which the model runs.
std::vector<Check> check_gpus(
    const PreflightOptions& options, const Result<Gpus>& gpus, const std::optional<ModelNeeds>& needs
);

Check check_memory(const PreflightOptions& options, bool gpu, const std::optional<ModelNeeds>& needs);
Check check_cpu(const HostCores& cores);
Check check_disk(const PreflightOptions& options);
Check check_network(const PreflightOptions& options);
Check check_outbox(const std::filesystem::path& outbox);
Check check_urls(const UrlOptions& options);

}  // namespace vignette
