#include "wall/decoder_pool.h"

#include <utility>

#include "core/log.h"
#include "image/read_header.h"
#include "image/sniff.h"
#include "wall/answers.h"
#include "wall/walled_film.h"

namespace vignette {
namespace {

// Enough that starting another one costs nothing that can be measured, few enough that one which a picture
// has taken over does not stay for ever.
constexpr int questions_max = 5'000;

constexpr std::size_t spare_memory = 64 * MiB;  // beside what the header explains

}  // namespace

Result<std::unique_ptr<DecoderPool>> DecoderPool::start(std::filesystem::path program, int places) {
    auto pool = std::make_unique<DecoderPool>(std::move(program), places);
    std::vector<std::unique_ptr<DecoderProcess>> started;
    started.reserve(pool->places_);
    for (std::size_t i = 0; i < pool->places_; ++i)
        started.push_back(TRY(DecoderProcess::start(pool->program_)));
    const MutexLock lock(pool->mutex_);
    pool->idle_ = std::move(started);
    return pool;
}

Result<DecoderPool::Lease> DecoderPool::lease() {
    {
        const MutexLock lock(mutex_);
        while (!idle_.empty()) {
            std::unique_ptr<DecoderProcess> process = std::move(idle_.back());
            idle_.pop_back();
            if (process->is_alive()) return Lease(*this, std::move(process));
        }
    }
    return Lease(*this, TRY(DecoderProcess::start(program_)));
}

// What ended or has done its share is replaced at once, so that the next picture need not wait for the start.
void DecoderPool::give_back(std::unique_ptr<DecoderProcess> process) {
    const bool fresh = process->is_alive() && process->questions() < questions_max;
    if (!fresh) {
        process.reset();
        Result<std::unique_ptr<DecoderProcess>> other = DecoderProcess::start(program_);
        if (!other) return log_warning(other.error().message);
        process = *std::move(other);
    }
    const MutexLock lock(mutex_);
    if (idle_.size() < places_) idle_.push_back(std::move(process));
}

Result<ImageHeader> DecoderPool::header(
    std::span<const std::byte> encoded, const Limits& limits, const std::stop_token& stop
) {
    ImageHeader header;
    if (TRY(sniff(encoded)) == ImageFormat::raw) {
        const Lease process = TRY(lease());
        TRY(process->give(encoded));
        DecoderQuestion question{.kind = DecoderQuestion::Kind::header};
        question.memory_max = spare_memory;
        header = TRY(raw_header(TRY(process->ask(question, stop))));
    } else {
        header = TRY(read_header(encoded));
    }
    TRY(check_header(header, encoded.size(), limits));
    return header;
}

Result<DecodedImage> DecoderPool::decode(
    std::span<const std::byte> encoded, const ImageHeader& header, const Limits& limits,
    const DecodeNeed& need, const std::stop_token& stop
) {
    const Lease process = TRY(lease());
    TRY(process->give(encoded));
    TRY(process->make_room(static_cast<std::size_t>(header.size.pixels()) * 3));
    DecoderQuestion question{.kind = DecoderQuestion::Kind::picture};
    question.memory_max = decode_bytes(header, encoded.size()) + spare_memory;
    question.limits = limits;
    question.cover = need.cover;
    question.fast = need.fast;
    const ImageInfo info = TRY(picture_info(TRY(process->ask(question, stop)), process->room()));
    DecodedImage decoded{.image = {.size = info.size, .rgb = {}}, .info = info};
    decoded.image.rgb = process->take_output(static_cast<std::size_t>(info.size.pixels()) * 3);
    return decoded;
}

Result<std::unique_ptr<WalledFilm>> DecoderPool::bring_film(
    std::span<const std::byte> file, const Limits& limits, std::stop_token stop
) {
    Lease process = TRY(lease());
    TRY(process->give(file));
    return std::make_unique<WalledFilm>(std::move(process), limits, std::move(stop));
}

Result<WallKind> DecoderPool::wall() {
    const Lease process = TRY(lease());
    return process->wall();
}

}  // namespace vignette
