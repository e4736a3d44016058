#include "film/file.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/film_kind.h"
#include "film/input.h"
#include "film/pixels.h"
#include "film/stream.h"
#include "image/pixels.h"

namespace vignette {
namespace {

// 8K. A decoder keeps up to seventeen frames; larger ones would fill the machine's memory.
constexpr std::int64_t frame_pixels_max = std::int64_t{8192} * 4320;
// A small file may claim any number of packets, all at one offset. Enough for ten hours at 60 frames a
// second.
constexpr std::int64_t packets_max = 4'000'000;

// Of a container that does not say how large its frames are.
constexpr std::int64_t unknown_size_pixels = std::int64_t{640} * 480;
constexpr std::size_t codec_bytes = 32 * MiB;  // tables, packets, the container's index

// How many frames a codec may keep, with those on their way through it.
std::size_t frames_kept(AVCodecID codec) {
    if (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC) return 19;
    if (codec == AV_CODEC_ID_VP9 || codec == AV_CODEC_ID_AV1) return 12;
    return 6;
}

std::unexpected<Error> fail_stopped() { return fail(ErrorCode::cancelled, "the job was stopped"); }

std::unexpected<Error> fail_cut() {
    return fail(ErrorCode::truncated_image, "the film is cut short: its end is missing; send the whole file");
}

std::unexpected<Error> fail_pixels(std::int64_t width, std::int64_t height, std::int64_t most) {
    return fail(
        ErrorCode::too_many_pixels, "the film has " + std::to_string(width) + " x " + std::to_string(height) +
                                        " pixels and at most " + std::to_string(most) +
                                        " are allowed; send a smaller copy"
    );
}

Result<FilmKind> known_kind(std::span<const std::byte> file) {
    if (file.empty()) return fail(ErrorCode::empty_image, "the film has no bytes; send the file's content");
    const std::optional<FilmKind> kind = film_kind(file);
    if (!kind) {
        return fail(
            ErrorCode::unsupported_media,
            "the file is not a film in a supported container; send MP4, MOV, WebM, Matroska, AVI or Ogg"
        );
    }
    return *kind;
}

// What seems damaged or unsupported may only have been cut off.
std::unexpected<Error> blame_cut(const Error& error, bool cut_short) {
    const bool by_cut =
        error.code == ErrorCode::undecodable_image || error.code == ErrorCode::unsupported_media;
    return cut_short && by_cut ? fail_cut() : std::unexpected(error);
}

}  // namespace

class FilmFile::Reader {
public:
    Reader(std::span<const std::byte> file, const Limits& limits, std::stop_token stop)
        : input_(file, std::move(stop)),
          pixels_max_(std::min(limits.image_pixels_max, frame_pixels_max)),
          side_max_(limits.image_side_max),
          packet_(av_packet_alloc()),
          now_(av_frame_alloc()),
          ahead_(av_frame_alloc()) {}

    Result<void> open(FilmKind kind, bool cut_short);
    Result<void> open_container(FilmKind kind);
    std::size_t memory_needed() const;  // once the container is open
    Result<std::optional<Shown>> next();
    void skip_to(const NextWanted& wanted);
    Result<Image> picture() { return orient(TRY(pixels_.picture(*now_)), orientation_); }
    Result<Thumbnail> thumbnail() { return pixels_.thumbnail(*now_); }
    const FilmFacts& facts() const { return facts_; }
    std::int64_t damaged() const { return damaged_; }

private:
    Result<void> open_codec();
    Result<void> look_ahead();
    Result<bool> decode();
    Result<void> feed();
    void send(const AVPacket* packet);
    bool is_jumped_over(const AVPacket& packet);
    bool is_usable(const AVFrame& frame) const;
    double time_of(const AVFrame& frame) const;
    void take_facts(FilmKind kind);

    FilmInput input_;
    const std::int64_t pixels_max_;
    const std::int32_t side_max_;
    Av<AVCodecContext> codec_;
    Av<AVPacket> packet_;
    Av<AVFrame> now_;
    Av<AVFrame> ahead_;  // the next frame, which ends the time that now_ is shown
    AVStream* stream_ = nullptr;
    FilmPixels pixels_;
    FilmFacts facts_;
    int orientation_ = 1;
    bool cut_short_ = false;
    bool has_ahead_ = false;
    bool at_end_ = false;
    double ahead_from_ = 0;
    bool first_ = true;
    std::optional<NextWanted> wanted_;
    std::int64_t jump_to_ = AV_NOPTS_VALUE;  // a key frame: nothing before it is decoded
    std::int64_t newest_ = AV_NOPTS_VALUE;   // timestamp of the packets read so far
    std::int64_t packets_ = 0;
    std::int64_t damaged_ = 0;
};

Result<void> FilmFile::Reader::open_container(FilmKind kind) {
    if (!packet_ || !now_ || !ahead_)
        return fail(ErrorCode::out_of_memory, "not enough memory to read the film; try again later");
    if (Result<void> opened = input_.open(kind); !opened) {
        if (input_.stopped()) return fail_stopped();
        return opened;
    }
    stream_ = film_stream(input_.format());
    if (stream_ == nullptr) {
        return fail(
            ErrorCode::unsupported_media,
            "the file contains no moving pictures, at most sound or cover art; send a film"
        );
    }
    for (unsigned i = 0; i < input_.format().nb_streams; ++i) {
        AVStream* other = input_.format().streams[i];
        if (other != stream_) other->discard = AVDISCARD_ALL;
    }
    const std::int64_t width = stream_->codecpar->width;
    const std::int64_t height = stream_->codecpar->height;
    if (width * height > pixels_max_ || width > side_max_ || height > side_max_)
        return fail_pixels(width, height, pixels_max_);
    return {};
}

std::size_t FilmFile::Reader::memory_needed() const {
    const AVCodecParameters& parameters = *stream_->codecpar;
    const auto pixels = static_cast<std::size_t>(
        std::max<std::int64_t>(std::int64_t{parameters.width} * parameters.height, unknown_size_pixels)
    );
    constexpr std::size_t frame = 3;  // bytes of a pixel: 4:2:0 of more than 8 bits
    constexpr std::size_t rgb = 3;
    return pixels * (frame * frames_kept(parameters.codec_id) + rgb) + codec_bytes;
}

Result<void> FilmFile::Reader::open(FilmKind kind, bool cut_short) {
    cut_short_ = cut_short;
    TRY(open_container(kind));
    TRY(open_codec());
    orientation_ = orientation_of(*stream_);
    TRY(look_ahead());
    if (!has_ahead_) {
        return fail(
            ErrorCode::undecodable_image,
            "none of the film's frames can be decoded; send an intact file, or export the film again"
        );
    }
    take_facts(kind);
    return {};
}

Result<void> FilmFile::Reader::open_codec() {
    const AVCodecParameters& parameters = *stream_->codecpar;
    const AVCodec* codec =
        is_readable(parameters.codec_id) ? avcodec_find_decoder(parameters.codec_id) : nullptr;
    if (codec == nullptr) {
        return fail(
            ErrorCode::unsupported_media,
            "the film uses the codec " + std::string(avcodec_get_name(parameters.codec_id)) +
                ", which is not supported; convert it to H.264, HEVC, VP8, VP9, AV1, MPEG-4, MPEG-2 or MJPEG"
        );
    }
    codec_.reset(avcodec_alloc_context3(codec));
    if (!codec_) return fail(ErrorCode::out_of_memory, "not enough memory to read the film; try again later");
    avcodec_parameters_to_context(codec_.get(), &parameters);
    codec_->pkt_timebase = stream_->time_base;
    codec_->max_pixels = pixels_max_;
    codec_->thread_count = 1;  // several threads read films already
    if (avcodec_open2(codec_.get(), codec, nullptr) < 0) {
        return fail(
            ErrorCode::undecodable_image,
            "the film is damaged: its codec parameters cannot be read; send an intact file"
        );
    }
    return {};
}

void FilmFile::Reader::take_facts(FilmKind kind) {
    facts_.duration = duration_of(input_.format(), *stream_);
    // An Ogg counts frames and says no more about their rate.
    const AVRational counted = kind == FilmKind::ogg ? av_inv_q(stream_->time_base) : AVRational{0, 1};
    facts_.fps = rate_of(*stream_, facts_.duration, counted);
    const bool on_its_side = orientation_ >= 5;
    facts_.size = {
        on_its_side ? ahead_->height : ahead_->width, on_its_side ? ahead_->width : ahead_->height
    };
    facts_.container = to_text(kind);
    facts_.codec = avcodec_get_name(stream_->codecpar->codec_id);
}

Result<std::optional<Shown>> FilmFile::Reader::next() {
    if (!has_ahead_) {
        if (cut_short_) return fail_cut();
        return std::nullopt;
    }
    std::swap(now_, ahead_);
    Shown shown{.from = ahead_from_, .until = ahead_from_, .last = false};
    TRY(look_ahead());
    if (has_ahead_) {
        shown.until = ahead_from_;
    } else {
        const double length = facts_.fps > 0 ? 1 / facts_.fps : 0;
        shown.until = cut_short_ ? shown.from : std::max(facts_.duration, shown.from + length);
        shown.last = true;
    }
    return shown;
}

Result<void> FilmFile::Reader::look_ahead() {
    has_ahead_ = TRY(decode());
    if (!has_ahead_) return {};
    ahead_from_ = time_of(*ahead_);
    first_ = false;
    return {};
}

// False at the end.
Result<bool> FilmFile::Reader::decode() {
    for (;;) {
        if (input_.stopped()) return fail_stopped();
        const int got = avcodec_receive_frame(codec_.get(), ahead_.get());
        if (got == 0 && is_usable(*ahead_)) return true;
        if (got == 0) {
            ++damaged_;
            continue;
        }
        if (got == AVERROR_EOF || (at_end_ && got != AVERROR(EAGAIN))) return false;
        if (got != AVERROR(EAGAIN)) ++damaged_;
        TRY(feed());
    }
}

// Half a picture is useless: frames that the decoder completed by guessing are skipped.
bool FilmFile::Reader::is_usable(const AVFrame& frame) const {
    const std::int64_t width = frame.width;
    const std::int64_t height = frame.height;
    return (frame.flags & AV_FRAME_FLAG_CORRUPT) == 0 && frame.decode_error_flags == 0 && width > 0 &&
           height > 0 && width <= side_max_ && height <= side_max_ && width * height <= pixels_max_;
}

Result<void> FilmFile::Reader::feed() {
    av_packet_unref(packet_.get());
    const int read =
        at_end_ || ++packets_ > packets_max ? AVERROR_EOF : av_read_frame(&input_.format(), packet_.get());
    if (input_.stopped()) return fail_stopped();
    if (read < 0) {
        if (read != AVERROR_EOF) ++damaged_;
        at_end_ = true;
        send(nullptr);
        return {};
    }
    if (packet_->stream_index != stream_->index) return {};
    if (packet_->size == 0) return {};  // the frame before it stays on screen
    if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) {
        ++damaged_;
        return {};
    }
    if (is_jumped_over(*packet_)) return {};
    const bool early = wanted_ && wanted_->begins && packet_->pts != AV_NOPTS_VALUE &&
                       seconds(packet_->pts, stream_->time_base) < wanted_->at;
    codec_->skip_frame = early ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    send(packet_.get());
    return {};
}

// A decoder outputs frames up to sixteen packets late, and the index may be in decoding order: the key frame
// must be that far before the wanted time.
void FilmFile::Reader::skip_to(const NextWanted& wanted) {
    constexpr double late_frames_max = 16;
    wanted_ = wanted;
    if (facts_.fps <= 0 || newest_ == AV_NOPTS_VALUE) return;
    const double before = wanted.at - std::max(0.5, late_frames_max / facts_.fps);
    const double units = before / av_q2d(stream_->time_base);
    if (!(units > static_cast<double>(newest_)) || units > 1e18) return;
    const AVIndexEntry* key = avformat_index_get_entry_from_timestamp(
        stream_, static_cast<std::int64_t>(units), AVSEEK_FLAG_BACKWARD
    );
    if (key != nullptr && key->timestamp > newest_) jump_to_ = key->timestamp;
}

bool FilmFile::Reader::is_jumped_over(const AVPacket& packet) {
    const std::int64_t time = std::max(packet.pts, packet.dts);  // an unknown time is the smallest number
    newest_ = std::max(newest_, time);
    if (jump_to_ == AV_NOPTS_VALUE) return false;
    if ((packet.flags & AV_PKT_FLAG_KEY) == 0 || time < jump_to_) return true;
    jump_to_ = AV_NOPTS_VALUE;
    avcodec_flush_buffers(codec_.get());
    return false;
}

void FilmFile::Reader::send(const AVPacket* packet) {
    const int sent = avcodec_send_packet(codec_.get(), packet);
    if (sent < 0 && sent != AVERROR_EOF) ++damaged_;
}

// Times never decrease: a frame without a timestamp follows the one before it.
double FilmFile::Reader::time_of(const AVFrame& frame) const {
    const double length = facts_.fps > 0 ? 1 / facts_.fps : 0;
    if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return first_ ? 0 : ahead_from_ + length;
    const double time = seconds(frame.best_effort_timestamp, stream_->time_base);
    return first_ ? time : std::max(time, ahead_from_);
}

FilmFile::FilmFile(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
FilmFile::FilmFile(FilmFile&&) noexcept = default;
FilmFile& FilmFile::operator=(FilmFile&&) noexcept = default;
FilmFile::~FilmFile() = default;

Result<FilmFile> FilmFile::open(std::span<const std::byte> file, const Limits& limits, std::stop_token stop) {
    const FilmKind kind = TRY(known_kind(file));
    auto reader = std::make_unique<Reader>(file, limits, std::move(stop));
    const bool cut_short = is_cut_short(file, kind);
    const Result<void> opened = reader->open(kind, cut_short);
    if (!opened) return blame_cut(opened.error(), cut_short);
    return FilmFile(std::move(reader));
}

Result<std::size_t> FilmFile::memory_needed(
    std::span<const std::byte> file, const Limits& limits, std::stop_token stop
) {
    const FilmKind kind = TRY(known_kind(file));
    Reader reader(file, limits, std::move(stop));
    if (const Result<void> opened = reader.open_container(kind); !opened)
        return blame_cut(opened.error(), is_cut_short(file, kind));
    return reader.memory_needed();
}

const FilmFacts& FilmFile::facts() const { return reader_->facts(); }
Result<std::optional<Shown>> FilmFile::next() { return reader_->next(); }
void FilmFile::skip_to(const NextWanted& wanted) { reader_->skip_to(wanted); }
Result<Image> FilmFile::picture() { return reader_->picture(); }
Result<Thumbnail> FilmFile::thumbnail() { return reader_->thumbnail(); }
std::int64_t FilmFile::damaged() const { return reader_->damaged(); }

}  // namespace vignette
