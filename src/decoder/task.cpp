#include "decoder/task.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "core/memory/picture_memory.h"
#include "image/decode.h"
#include "image/read_header.h"
#include "wall/sandbox.h"

namespace vignette {
namespace {

DecoderAnswer failed(const Error& error) {
    DecoderAnswer answer;
    answer.failure = static_cast<std::uint32_t>(error.code) + 1;
    answer.message = ShortText<1024>(error.message);
    return answer;
}

}  // namespace

DecoderAnswer DecoderTask::answer(const DecoderQuestion& question, ReceivedFiles files) {
    limit_next_task(question.memory_max, question.seconds_max);
    const Result<DecoderAnswer> answer = run_at_wall(question, std::move(files));
    DecoderAnswer sent = answer ? *answer : failed(answer.error());
    if (film_) sent.damaged = film_->damaged();
    let_go_of_large();
    return sent;
}

Result<DecoderAnswer> DecoderTask::run_at_wall(const DecoderQuestion& question, ReceivedFiles files) {
    TRY(take(std::move(files)));
    return TRY(at_wall(ErrorCode::out_of_memory, [&] { return run(question); }));
}

Result<void> DecoderTask::take(ReceivedFiles files) {
    if (files.input) {
        film_.reset();  // it reads the old one
        input_ = {};
        input_ = TRY(SharedMemory::open(std::move(files.input), SharedMemory::Access::read));
    }
    if (files.output) {
        output_ = {};
        output_ = TRY(SharedMemory::open(std::move(files.output), SharedMemory::Access::write));
    }
    return {};
}

void DecoderTask::let_go_of_large() {
    if (output_.bytes().size() > kept_memory_max) output_ = {};
    if (film_ || input_.bytes().size() <= kept_memory_max) return;
    input_ = {};
    malloc_trim(0);
}

std::span<const std::byte> DecoderTask::encoded(const DecoderQuestion& question) const {
    return std::as_bytes(std::span(input_.bytes())).first(question.encoded_bytes);
}

Result<DecoderAnswer> DecoderTask::run(const DecoderQuestion& question) {
    if (question.skip && film_) film_->skip_to(question.wanted);
    switch (question.kind) {
        case DecoderQuestion::Kind::header: return picture_header(question);
        case DecoderQuestion::Kind::picture: return decode_picture(question);
        case DecoderQuestion::Kind::film_needs: {
            DecoderAnswer answer;
            answer.memory_needed = TRY(FilmFile::memory_needed(encoded(question), question.limits, {}));
            return answer;
        }
        case DecoderQuestion::Kind::film_open: return open_film(question);
        case DecoderQuestion::Kind::film_next: return next_frame(question);
        case DecoderQuestion::Kind::film_picture: return film_picture();
        case DecoderQuestion::Kind::film_thumbnail: return film_thumbnail();
    }
    return fail(ErrorCode::internal, "a question that this decoder does not know");
}

Result<DecoderAnswer> DecoderTask::picture_header(const DecoderQuestion& question) {
    film_.reset();
    const ImageHeader header = TRY(read_header(encoded(question)));
    DecoderAnswer answer;
    answer.size = header.size;
    answer.orientation = static_cast<std::uint32_t>(header.orientation);
    answer.memory_needed = header.scratch;
    answer.taken = ShortText<32>(header.taken);
    return answer;
}

// The decoder writes into the memory that is shared, unless it needs its buffers otherwise.
Result<DecoderAnswer> DecoderTask::decode_picture(const DecoderQuestion& question) {
    film_.reset();
    const std::span<const std::byte> file = encoded(question);
    const ImageHeader header = TRY(read_header(file));
    const auto expected = static_cast<std::size_t>(header.size.pixels()) * 3;
    MemoryLoan loan(output_.bytes().first(std::min(expected, output_.bytes().size())), [] {});
    const DecodedImage decoded =
        TRY(decode_image(file, question.limits, {.cover = question.cover, .fast = question.fast}));
    return put(decoded.image, decoded.info);
}

DecoderAnswer DecoderTask::put(const Image& image, const ImageInfo& info) {
    if (image.rgb.size() > output_.bytes().size()) {
        return failed(
            {.code = ErrorCode::undecodable_image,
             .message = "it has more pixels than its header says; save it again as JPEG or PNG",
             .field = {}}
        );
    }
    if (image.rgb.data() != output_.bytes().data())
        std::memcpy(output_.bytes().data(), image.rgb.data(), image.rgb.size());
    DecoderAnswer answer;
    answer.size = image.size;
    answer.format = static_cast<std::uint32_t>(info.format);
    answer.path = static_cast<std::uint32_t>(info.path);
    answer.full = info.full;
    answer.taken = ShortText<32>(info.taken);
    return answer;
}

Result<DecoderAnswer> DecoderTask::open_film(const DecoderQuestion& question) {
    film_ = std::make_unique<FilmFile>(TRY(FilmFile::open(encoded(question), question.limits, {})));
    const FilmFacts& facts = film_->facts();
    DecoderAnswer answer;
    answer.size = facts.size;
    answer.duration = facts.duration;
    answer.fps = facts.fps;
    answer.container = ShortText<64>(facts.container);
    answer.codec = ShortText<64>(facts.codec);
    return answer;
}

Result<DecoderAnswer> DecoderTask::next_frame(const DecoderQuestion&) {
    if (!film_) return fail(ErrorCode::internal, "no film is open");
    DecoderAnswer answer;
    if (const std::optional<Shown> shown = TRY(film_->next())) {
        answer.has_frame = 1;
        answer.last_frame = shown->last ? 1 : 0;
        answer.shown = *shown;
    }
    return answer;
}

Result<DecoderAnswer> DecoderTask::film_picture() {
    if (!film_) return fail(ErrorCode::internal, "no film is open");
    const auto expected = static_cast<std::size_t>(film_->facts().size.pixels()) * 3;
    MemoryLoan loan(output_.bytes().first(std::min(expected, output_.bytes().size())), [] {});
    return put(TRY(film_->picture()), {});
}

Result<DecoderAnswer> DecoderTask::film_thumbnail() {
    if (!film_) return fail(ErrorCode::internal, "no film is open");
    const Thumbnail thumbnail = TRY(film_->thumbnail());
    if (output_.bytes().size() < thumbnail.rgb.size()) return fail(ErrorCode::internal, "no room");
    std::memcpy(output_.bytes().data(), thumbnail.rgb.data(), thumbnail.rgb.size());
    return DecoderAnswer{};
}

}  // namespace vignette
