// A job's pictures: from what the client sent to upright pixels. Any thread.
#pragma once

#include <stop_token>
#include <vector>

#include "caption/media_gate.h"
#include "image/decode.h"
#include "vignette/caption.h"
#include "vignette/fetcher.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

// Counts as work of the CPU until it dies: keep it no longer than until its pixels are in the model's form.
struct ReadPictures {
    std::vector<DecodedImage> images;
    MediaGate::Pass pass;
};

struct ReadFilm {
    Bytes bytes;
    MediaGate::Pass pass;  // keep it as long as the bytes
};

class PictureReader {
public:
    // `fetcher` may be null: then addresses are refused.
    PictureReader(Fetcher* fetcher, const Limits& limits);

    // Takes the job's pictures out of it. The time it took is added to `timings`. An error names the
    // picture's field.
    Result<ReadPictures> read(
        Job& job, const DecodeNeed& need, const std::stop_token& stop, Timings& timings
    );

    // A frame that is decoded already: it waits for its turn to be preprocessed like any picture.
    Result<ReadPictures> admit(DecodedImage frame, const JobId& job, const std::stop_token& stop);

    Result<ReadFilm> read_film(ImageSource source, const JobId& job, const std::stop_token& stop);

private:
    Result<Bytes> bytes_of(
        ImageSource source, std::size_t bytes_max, const JobId& job, const std::stop_token& stop
    );
    Result<std::vector<Bytes>> bring(Job& job, const std::stop_token& stop);
    Result<Bytes> fetch(
        const RemoteImage& remote, std::size_t bytes_max, const JobId& job, const std::stop_token& stop
    );

    Fetcher* const fetcher_;
    const Limits limits_;
    MediaGate films_;     // passed before arriving_, never after it
    MediaGate arriving_;  // passed before decoding_, never after it
    MediaGate decoding_;
};

}  // namespace vignette
