// What the routes work with, and what the operator chose.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "core/deadlines.h"
#include "serve/job_desk.h"
#include "serve/job_store.h"
#include "serve/metrics.h"
#include "trace/tracer.h"
#include "vignette/limits.h"

namespace vignette {

struct ServedModel {
    std::string name;
    std::string kind;  // captioner, embedder
    std::string family;
    std::string digest;
    std::string source;  // the hub's id of its checkpoint; may be empty
};

class Call;
struct Route;

struct Services {
    Limits limits;
    JobDesk& desk;
    JobStore& store;
    Deadlines& deadlines;
    Metrics& metrics;
    Tracer* tracer = nullptr;         // null: no traces
    std::vector<ServedModel> models;  // the default captioner first, then the default embedder
    std::function<std::vector<DeviceMemory>()> gpu_memory = {};  // of each GPU; empty: nobody can say
    std::atomic<bool> gpu = false;  // the model computes on one; known once it is loaded
    // Answers what this process does not, and says whether it does; empty: nothing.
    std::function<bool(const Call& call, const Route& route)> elsewhere = {};
    bool sdk_routes = false;  // /run and /status as RunPod's own local server has them: --rp_serve_api
    bool jobs_apart = false;  // a job is known only to the key that handed it in: there are keys
    std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
};

}  // namespace vignette
