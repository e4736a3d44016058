#include "film/input.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "vignette/bytes.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

// The limit on one allocation: a tiny file may claim a hundred million frames, and libav allocates a list of
// them. A frame of 8192 x 4320 pixels in 16-bit 4:4:4 fits.
constexpr std::size_t libav_allocation_max = 256 * MiB;

bool tame_libav() {
    av_log_set_level(AV_LOG_QUIET);  // its messages are about untrusted files
    av_max_alloc(libav_allocation_max);
    return true;
}

const AVInputFormat* demuxer(FilmKind kind) {
    switch (kind) {
        case FilmKind::mp4:
        case FilmKind::mov: return av_find_input_format("mov");
        case FilmKind::matroska:
        case FilmKind::webm: return av_find_input_format("matroska");
        case FilmKind::avi: return av_find_input_format("avi");
        case FilmKind::ogg: return av_find_input_format("ogg");
    }
    panic("FilmKind out of range");
}

// The demuxer is chosen by our own check of the file, not guessed from three hundred; the whitelists apply in
// case a format ever tries to open another one inside itself.
AVDictionary* options() {
    AVDictionary* wanted = nullptr;
    av_dict_set(&wanted, "protocol_whitelist", "", 0);
    av_dict_set(&wanted, "format_whitelist", "mov,matroska,avi,ogg", 0);
    av_dict_set(&wanted, "max_streams", "64", 0);
    return wanted;
}

int refuse_to_open(AVFormatContext*, AVIOContext** io, const char*, int, AVDictionary**) {
    *io = nullptr;
    return AVERROR(EPERM);
}

}  // namespace

FilmInput::FilmInput(std::span<const std::byte> file, std::stop_token stop)
    : file_(file), stop_(std::move(stop)) {
    [[maybe_unused]] static const bool tamed = tame_libav();
}

int FilmInput::read(void* self, std::uint8_t* into, int wanted) {
    auto& input = *static_cast<FilmInput*>(self);
    if (input.stopped()) return AVERROR_EXIT;
    const std::size_t count =
        std::min(static_cast<std::size_t>(std::max(wanted, 0)), input.file_.size() - input.at_);
    if (count == 0) return AVERROR_EOF;
    std::memcpy(into, input.file_.data() + input.at_, count);
    input.at_ += count;
    return static_cast<int>(count);
}

std::int64_t FilmInput::seek(void* self, std::int64_t offset, int whence) {
    auto& input = *static_cast<FilmInput*>(self);
    const auto size = static_cast<std::int64_t>(input.file_.size());
    if ((whence & AVSEEK_SIZE) != 0) return size;
    std::int64_t to = offset;
    const int from = whence & ~AVSEEK_FORCE;
    if (from == SEEK_CUR && __builtin_add_overflow(to, static_cast<std::int64_t>(input.at_), &to))
        return AVERROR(EINVAL);
    if (from == SEEK_END && __builtin_add_overflow(to, size, &to)) return AVERROR(EINVAL);
    if (to < 0 || to > size) return AVERROR(EINVAL);
    input.at_ = static_cast<std::size_t>(to);
    return to;
}

Result<void> FilmInput::open(FilmKind kind) {
    constexpr int buffer_bytes = 64 * 1024;
    auto* buffer = static_cast<std::uint8_t*>(av_malloc(buffer_bytes));
    if (buffer == nullptr) return fail_film_memory();
    io_.reset(avio_alloc_context(buffer, buffer_bytes, 0, this, read, nullptr, seek));
    if (!io_) {
        av_free(buffer);
        return fail_film_memory();
    }
    format_.reset(avformat_alloc_context());
    if (!format_) return fail_film_memory();
    format_->pb = io_.get();
    format_->flags |= AVFMT_FLAG_CUSTOM_IO;
    format_->io_open = refuse_to_open;
    format_->interrupt_callback = {
        .callback = [](void* self) { return static_cast<FilmInput*>(self)->stopped() ? 1 : 0; },
        .opaque = this
    };
    AVDictionary* wanted = options();
    AVFormatContext* format = format_.release();  // libav frees it on failure
    const int opened = avformat_open_input(&format, nullptr, demuxer(kind), &wanted);
    av_dict_free(&wanted);
    if (opened < 0)
        return fail(
            ErrorCode::undecodable_image,
            "the film is damaged: its container's headers cannot be read; "
            "send an intact file"
        );
    format_.reset(format);
    return {};
}

}  // namespace vignette
