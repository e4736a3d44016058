// The port between the light front end and the heavy back end: a job in, its answer or an error out.
//
// The front end (`vignette`) starts in milliseconds. The back end (`libvignette-captioner.so`) brings OpenCV,
// the tokenizer and torch, and is opened at run time through vignette_open_captioner. Both are built from the
// same tree by the same compiler.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "vignette/batching.h"
#include "vignette/bundle.h"
#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/fetcher.h"
#include "vignette/film.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

struct CaptionerConfig {
    std::filesystem::path bundle;    // for captions; empty: captions are off
    std::filesystem::path embedder;  // for vectors; empty: there are none
    std::function<Result<std::filesystem::path>(std::string_view name)> find_bundle;  // named by a job
    bool lazy = false;                     // load nothing until a job needs it
    int models_max = 2;                    // in memory at once
    std::chrono::seconds idle{0};          // unload a model that was unused for this long; 0: never
    std::string device = "auto";           // auto, cpu, cuda, cuda:1
    std::optional<Precision> precision{};  // of weights; none: as the bundle says
    int slots = 0;                         // cache rows for sequences; 0: the model chooses
    int picture_tokens = 0;  // of one picture at most, where its size decides; 0: the bundle says
    Batching batching;
    bool cuda_graphs = true;   // on a GPU: each decode step is one call to the device
    bool tells_start = false;  // the log says what took how long when a model was loaded
    bool warms_up = true;      // a model that was loaded: its first picture takes no longer than the others
    int threads = 0;           // for CPU operators; 0: one for each core that may be used
    std::filesystem::path decoder;  // the program that opens what strangers send; empty: done in this process
    std::size_t cache_bytes = 0;    // of answers that are kept for the same job asked again; 0: none
    std::filesystem::path cache_folder;  // that keeps answers, too; prepared; empty: none
    std::size_t cache_folder_bytes = 0;  // of its files
    Fetcher* fetcher = nullptr;          // must outlive the captioner; null: addresses are refused
    Limits limits;
};

// Receives a caption piece by piece while it is generated, on the thread that waits for it. Joined, the
// pieces are the caption's text.
using OnPiece = std::function<void(std::string_view piece)>;

// How a cache has served so far.
struct CacheUse {
    std::uint64_t hits = 0;  // of those who looked
    std::uint64_t misses = 0;
    std::size_t bytes = 0;  // in memory now
};

struct CachesUse {
    CacheUse answers;  // the folder's hits among them
    CacheUse vision;   // what models saw in pictures
};

class Captioner {
public:
    virtual ~Captioner() = default;

    // Any thread.
    virtual CachesUse caches() const { return {}; }

    // How many pictures are processed concurrently with the default bundle's defaults; more would only wait.
    // At least 1.
    virtual int pictures_at_once() const = 0;

    // Brings the bytes of a job's pictures, or of a film, before caption() or describe(), which do it
    // themselves otherwise: for whoever has more threads for waiting than for work. Any thread.
    virtual Result<void> fetch(Job&, const std::stop_token&) { return {}; }
    virtual Result<void> fetch(Film&, const std::stop_token&) { return {}; }

    // Performs the job's task. Any thread; returns when it is done or has failed, or when `stop` is
    // requested. `on_piece` may be empty.
    virtual Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) = 0;

    // Describes a film frame by frame; memory does not grow with its length. Any thread; returns once all
    // frames have been delivered. An error concerns the film itself; the frames delivered before it remain
    // valid. `on_piece` hears the answer of a film that has one about all its frames; it may be empty.
    virtual Result<FilmInfo> describe(
        Film film, std::stop_token stop, const OnFrame& on_frame, const OnPiece& on_piece
    ) = 0;
};

using OpenCaptioner = Result<std::unique_ptr<Captioner>>(const CaptionerConfig& config);

inline constexpr const char* open_captioner_symbol = "vignette_open_captioner";

}  // namespace vignette
