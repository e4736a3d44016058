// Decoder processes, warm. What a crash, a limit or a stop ends is one process and with it one picture. Any
// thread.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "core/mutex.h"
#include "film/source.h"
#include "image/decode.h"
#include "image/header.h"
#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/limits.h"
#include "wall/decoder_process.h"

namespace vignette {

class WalledFilm;

class DecoderPool {
public:
    DecoderPool(std::filesystem::path program, int places)
        : program_(std::move(program)), places_(static_cast<std::size_t>(places)) {}

    // Starts as many processes as there are places. Whoever needs one more gets it; only `places` are kept.
    static Result<std::unique_ptr<DecoderPool>> start(std::filesystem::path program, int places);

    // As read_header() and check_header(). Camera raw, whose headers libraries read, in a process.
    Result<ImageHeader> header(
        std::span<const std::byte> encoded, const Limits& limits, const std::stop_token& stop
    );

    // As decode_image(), without the sink.
    Result<DecodedImage> decode(
        std::span<const std::byte> encoded, const ImageHeader& header, const Limits& limits,
        const DecodeNeed& need, const std::stop_token& stop
    );

    // A film in a process of its own, not opened yet.
    Result<std::unique_ptr<WalledFilm>> bring_film(
        std::span<const std::byte> file, const Limits& limits, std::stop_token stop
    );

    Result<WallKind> wall();

    // A process until this dies; then it is kept for the next one, if it is alive and not too old.
    class Lease {
    public:
        Lease(DecoderPool& pool, std::unique_ptr<DecoderProcess> process)
            : pool_(&pool), process_(std::move(process)) {}
        Lease(Lease&&) = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (process_) pool_->give_back(std::move(process_));
        }
        DecoderProcess* operator->() const { return process_.get(); }

    private:
        DecoderPool* pool_;
        std::unique_ptr<DecoderProcess> process_;
    };

    Result<Lease> lease();

private:
    void give_back(std::unique_ptr<DecoderProcess> process);

    const std::filesystem::path program_;
    const std::size_t places_;
    Mutex mutex_;
    std::vector<std::unique_ptr<DecoderProcess>> idle_ GUARDED_BY(mutex_);  // the last used is last
};

}  // namespace vignette
