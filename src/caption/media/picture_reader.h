// A job's pictures: from what the client sent to upright pixels. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "caption/cache/cache_key.h"
#include "caption/media/helper_threads.h"
#include "caption/media/media_gate.h"
#include "caption/media/overlapped_preprocess.h"
#include "film/source.h"
#include "image/decode.h"
#include "vignette/caption.h"
#include "vignette/fetcher.h"
#include "vignette/film.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "vignette/model.h"
#include "wall/decoder_pool.h"

namespace vignette {

struct ReadPicture : DecodedImage {
    std::unique_ptr<OverlappedPreprocess>
        overlapped;                             // may be null; it looks at the picture, so it goes first
    std::optional<CacheKey> key{};              // what the model sees in it is kept under that
    std::shared_ptr<const ModelInput> known{};  // the model has it already; it may not even be decoded
};

// Counts as work of the CPU until it dies: keep it no longer than until its pixels are in the model's form.
struct ReadPictures {
    std::vector<ReadPicture> images;
    MediaGate::Pass pass;
};

struct ReadFilm {
    std::shared_ptr<void> room;  // of its bytes
    MediaGate::Pass codec_pass;
    Bytes bytes;  // empty where a decoder process has them
    std::unique_ptr<FilmSource> frames;
};

class PictureReader {
public:
    // `fetcher` may be null: then addresses are refused. `decoders` may be null: then everything is decoded
    // in this process.
    PictureReader(Fetcher* fetcher, DecoderPool* decoders, const Limits& limits);

    static int places();  // pictures that are decoded at once

    // How a model begins with a picture; empty, or giving null, where it does not.
    using Prepare = std::function<std::unique_ptr<Preparation>()>;

    // Looks at the pictures' bytes; true if they need not be decoded.
    using Known = std::function<bool(std::span<const Bytes> encoded)>;

    // Waits for memory and for the network, never for a thread that reads: those that were fetched may wait
    // for it. An error names the field.
    Result<void> fetch(Job& job, const std::stop_token& stop);
    Result<void> fetch(Film& film, const std::stop_token& stop);

    // Takes the job's pictures out of it, fetched or not; none come back where they are `known`. The time it
    // took is added to `timings`. An error names the picture's field.
    Result<ReadPictures> read(
        Job& job, const DecodeNeed& need, const Prepare& prepare, const Known& known,
        const std::stop_token& stop, Timings& timings
    );

    // The memory of all frames that a film may hold decoded; asked for once it is open, before the first.
    Result<MediaGate::Pass> hold_frames(std::size_t bytes, const JobId& job, const std::stop_token& stop);

    // Frames that are held: they wait for their turn to be preprocessed like any picture.
    Result<MediaGate::Pass> admit(const JobId& job, const std::stop_token& stop);

    Result<ReadFilm> read_film(Film& film, const std::stop_token& stop);

private:
    Result<ImageHeader> header_of(std::span<const std::byte> encoded, const std::stop_token& stop) const;
    Result<ReadPicture> decode(
        std::span<const std::byte> encoded, const ImageHeader& header, DecodeNeed need,
        const Prepare& prepare, const std::stop_token& stop
    );
    Result<void> open_film(ReadFilm& film, const JobId& job, const std::stop_token& stop);
    Result<Bytes> bytes_of(
        PictureContent source, std::size_t bytes_max, const JobId& job, const std::stop_token& stop
    );
    Result<void> bring(Job& job, const std::stop_token& stop);
    Result<Bytes> fetch(
        const RemotePicture& remote, std::size_t bytes_max, const JobId& job, const std::stop_token& stop
    );

    Fetcher* const fetcher_;
    const Limits limits_;
    DecoderPool* const decoders_;
    MediaGate films_;  // each of these is passed before those after it, never after them
    MediaGate codecs_;
    MediaGate held_frames_;
    MediaGate fetched_;
    MediaGate arriving_;
    MediaGate decoding_;
    HelperThreads helpers_;  // of those in decoding_, where that has room
};

}  // namespace vignette
