// The models of one process: loaded when they are first asked for, shared while they work, let go when nobody
// has asked for them for a while, or when another needs the place or the memory.
//
// Any thread may take. Loading blocks those who want that model, nobody else.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "core/mutex.h"
#include "vignette/error.h"

namespace vignette {

// A model in memory: whatever the cache's opener makes of a bundle.
class OpenedModel {
public:
    virtual ~OpenedModel() = default;

    // What it keeps of pictures, in bytes. Any thread.
    virtual std::size_t kept_bytes() { return 0; }
};

class ModelCache {
public:
    using Clock = std::chrono::steady_clock;
    using Open = std::function<Result<std::shared_ptr<OpenedModel>>(const std::filesystem::path& bundle)>;

    struct Options {
        int models_max = 2;
        std::chrono::seconds idle{0};  // after that long unused a model is let go; 0: never
    };

    ModelCache(Open open, Options options);
    ~ModelCache();
    ModelCache(const ModelCache&) = delete;
    ModelCache& operator=(const ModelCache&) = delete;

    // Who holds the pointer uses the model: it stays. `overloaded` where all places are in use by others.
    Result<std::shared_ptr<OpenedModel>> acquire(const std::filesystem::path& bundle);

    // How many are in memory.
    int loaded() const;

    // What all of them keep of pictures.
    std::size_t kept_bytes() const;

    // Lets go what has been idle at `now`. Called by the cache's own thread; a test may call it, too.
    void drop_idle(Clock::time_point now);

private:
    struct Place {
        std::shared_ptr<OpenedModel> model;  // none: it is being loaded
        Clock::time_point asked_for;
    };

    Result<std::shared_ptr<OpenedModel>> load(const std::filesystem::path& bundle) const;
    Result<std::shared_ptr<OpenedModel>> load_with_room(const std::filesystem::path& bundle);
    // The model that gave up its place; none: all are in use.
    std::shared_ptr<OpenedModel> take_unused() REQUIRES(mutex_);
    Clock::time_point next_look() const REQUIRES(mutex_);
    void watch(const std::stop_token& stop);

    const Open open_;
    const Options options_;
    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::filesystem::path, Place> places_ GUARDED_BY(mutex_);
    std::optional<std::jthread> janitor_;  // last member: it uses the others
};

}  // namespace vignette
