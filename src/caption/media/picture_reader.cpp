#include "caption/media/picture_reader.h"

#include <algorithm>
#include <future>
#include <limits>
#include <utility>
#include <variant>

#include "core/host/cores.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "film/file.h"
#include "image/base64.h"
#include "image/read_header.h"
#include "wall/walled_film.h"

namespace vignette {
namespace {

// Each has a core for itself beside the one that decodes; what comes to more is not worth threads that wait.
constexpr int helpers_max = 8;

Result<Bytes> read_text(const Base64Picture& image, std::size_t bytes_max) {
    Result<Bytes> bytes = decode_base64(image.text.view(), bytes_max);
    if (!bytes && bytes.error().code == ErrorCode::bad_base64) {
        bytes.error().message +=
            "; encode the file's bytes again (white space and the URL-safe alphabet are fine)";
    }
    if (!bytes && bytes.error().code == ErrorCode::too_large) {
        bytes.error().message += "; send a smaller picture";
    }
    return bytes;
}

// What an address will give, nobody knows before.
std::size_t bytes_expected(const PictureContent& source, std::size_t bytes_max) {
    if (const auto* given = std::get_if<EncodedPicture>(&source)) return given->bytes.size();
    if (const auto* text = std::get_if<Base64Picture>(&source)) return text->text.view().size() / 4 * 3;
    return bytes_max;
}

// What is decoded in this process: JPEG by libjpeg-turbo and PNG by the crate png, where a trip to another
// process would cost more than 3 % of a small picture's time (scripts/bench wall); and only so much of it
// that it takes about 100 ms, since nothing but a kill could end it sooner.
bool stays_here(const ImageHeader& header) {
    constexpr std::int64_t jpeg_pixels_max = 16'000'000;
    constexpr std::int64_t png_pixels_max = 4'000'000;
    if (header.format == ImageFormat::jpeg) return header.size.pixels() * header.scans <= jpeg_pixels_max;
    return header.format == ImageFormat::png && header.size.pixels() <= png_pixels_max;
}

bool is_remote(const PictureSource& picture) { return std::holds_alternative<RemotePicture>(picture.source); }

}  // namespace

int PictureReader::places() { return usable_cores(); }

PictureReader::PictureReader(Fetcher* fetcher, DecoderPool* decoders, const Limits& limits)
    : fetcher_(fetcher),
      limits_(limits),
      decoders_(decoders),
      films_(std::numeric_limits<int>::max(), limits.media_bytes_max / 10),
      codecs_(std::numeric_limits<int>::max(), limits.media_bytes_max / 5),
      held_frames_(std::numeric_limits<int>::max(), limits.media_bytes_max / 5),
      fetched_(std::numeric_limits<int>::max(), limits.media_bytes_max / 40 * 3),
      arriving_(std::numeric_limits<int>::max(), limits.media_bytes_max / 40),
      decoding_(places(), limits.media_bytes_max / 5 * 2),
      helpers_(std::min(places() / 2, helpers_max)) {}

Result<ReadPictures> PictureReader::read(
    Job& job, const DecodeNeed& need, const Prepare& prepare, const Known& known, const std::stop_token& stop,
    Timings& timings
) {
    if (job.pictures.empty()) return {};
    if (!job.fetched) TRY(fetch(job, stop));
    const Fetched fetched = *std::exchange(job.fetched, std::nullopt);
    timings.fetch += fetched.took;
    std::vector<Bytes> encoded;
    encoded.reserve(job.pictures.size());
    for (PictureSource& picture : job.pictures)
        encoded.push_back(std::move(std::get<EncodedPicture>(picture.source).bytes));
    Stopwatch watch;
    if (known && known(encoded)) return {};

    std::size_t bytes = 0;
    std::vector<ImageHeader> headers;
    headers.reserve(encoded.size());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        headers.push_back(TRY(about(job.pictures[i].field, header_of(encoded[i], stop))));
        bytes += decode_bytes(headers.back(), encoded[i].size());
    }
    ReadPictures read{.images = {}, .pass = TRY(decoding_.enter(job.id, bytes, stop))};
    read.images.reserve(encoded.size());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        TRY(unless_stopped(stop));
        read.images.push_back(
            TRY(about(job.pictures[i].field, decode(encoded[i], headers[i], need, prepare, stop)))
        );
        Bytes().swap(encoded[i]);
    }
    timings.decode += watch.lap();
    return read;
}

Result<ImageHeader> PictureReader::header_of(std::span<const std::byte> encoded, const std::stop_token& stop)
    const {
    if (decoders_ != nullptr) return decoders_->header(encoded, limits_, stop);
    ImageHeader header = TRY(read_header(encoded));
    TRY(check_header(header, encoded.size(), limits_));
    return header;
}

Result<ReadPicture> PictureReader::decode(
    std::span<const std::byte> encoded, const ImageHeader& header, DecodeNeed need, const Prepare& prepare,
    const std::stop_token& stop
) {
    ReadPicture picture;
    if (decoders_ != nullptr && !stays_here(header)) {
        static_cast<DecodedImage&>(picture) = TRY(decoders_->decode(encoded, header, limits_, need, stop));
        return picture;
    }
    std::unique_ptr<Preparation> preparation = prepare ? prepare() : nullptr;
    if (preparation) {
        picture.overlapped =
            std::make_unique<OverlappedPreprocess>(std::move(preparation), decoding_, helpers_);
        need.sink = picture.overlapped.get();
    }
    static_cast<DecodedImage&>(picture) = TRY(decode_image(encoded, limits_, need));
    return picture;
}

// What is fetched may wait for a thread, and a thread may wait in arriving_: each has memory of its own, or
// they would wait for each other.
Result<void> PictureReader::fetch(Job& job, const std::stop_token& stop) {
    Stopwatch watch;
    std::size_t expected = 0;
    for (const PictureSource& picture : job.pictures)
        expected += bytes_expected(picture.source, limits_.picture_bytes_max);
    MediaGate& gate = std::ranges::any_of(job.pictures, is_remote) ? fetched_ : arriving_;
    MediaGate::Pass room = TRY(gate.enter(job.id, expected, stop));
    TRY(bring(job, stop));
    std::size_t bytes = 0;
    for (const PictureSource& picture : job.pictures)
        bytes += std::get<EncodedPicture>(picture.source).bytes.size();
    room.shrink(bytes);
    job.fetched = {.room = std::make_shared<MediaGate::Pass>(std::move(room)), .took = watch.lap()};
    return {};
}

Result<void> PictureReader::fetch(Film& film, const std::stop_token& stop) {
    Stopwatch watch;
    const JobId& job = film.frame_job.id;
    PictureContent& source = film.source.source;
    const std::size_t expected = bytes_expected(source, limits_.film_bytes_max);
    MediaGate::Pass room = TRY(films_.enter(job, expected, stop));
    Bytes bytes =
        TRY(about(film.source.field, bytes_of(std::move(source), limits_.film_bytes_max, job, stop)));
    room.shrink(bytes.size());
    source = EncodedPicture{std::move(bytes)};
    film.fetched = {.room = std::make_shared<MediaGate::Pass>(std::move(room)), .took = watch.lap()};
    return {};
}

// Several addresses are fetched side by side; the fetcher bounds how many.
Result<void> PictureReader::bring(Job& job, const std::stop_token& stop) {
    const bool apart = std::ranges::count_if(job.pictures, is_remote) > 1;
    std::vector<std::future<Result<Bytes>>> coming;
    coming.reserve(job.pictures.size());
    for (PictureSource& picture : job.pictures) {
        const auto policy = apart && is_remote(picture) ? std::launch::async : std::launch::deferred;
        coming.push_back(std::async(policy, [this, &job, &stop, &picture] {
            return bytes_of(std::move(picture.source), limits_.picture_bytes_max, job.id, stop);
        }));
    }
    for (std::size_t i = 0; i < coming.size(); ++i) {
        TRY(unless_stopped(stop));
        Bytes bytes = TRY(about(job.pictures[i].field, coming[i].get()));
        job.pictures[i].source = EncodedPicture{std::move(bytes)};
    }
    return {};
}

Result<MediaGate::Pass> PictureReader::hold_frames(
    std::size_t bytes, const JobId& job, const std::stop_token& stop
) {
    return held_frames_.enter(job, bytes, stop);
}

Result<MediaGate::Pass> PictureReader::admit(const JobId& job, const std::stop_token& stop) {
    return decoding_.enter(job, 0, stop);
}

Result<ReadFilm> PictureReader::read_film(Film& film, const std::stop_token& stop) {
    if (!film.fetched) TRY(fetch(film, stop));
    ReadFilm read;
    read.room = std::move(film.fetched->room);
    read.bytes = std::move(std::get<EncodedPicture>(film.source.source).bytes);
    TRY(open_film(read, film.frame_job.id, stop));
    return read;
}

// The codec's memory is asked for before it opens.
Result<void> PictureReader::open_film(ReadFilm& film, const JobId& job, const std::stop_token& stop) {
    if (decoders_ == nullptr) {
        const std::size_t needed = TRY(FilmFile::memory_needed(film.bytes, limits_, stop));
        film.codec_pass = TRY(codecs_.enter(job, needed, stop));
        film.frames = std::make_unique<FilmFile>(TRY(FilmFile::open(film.bytes, limits_, stop)));
        return {};
    }
    std::unique_ptr<WalledFilm> walled = TRY(decoders_->bring_film(film.bytes, limits_, stop));
    Bytes().swap(film.bytes);
    film.codec_pass = TRY(codecs_.enter(job, TRY(walled->memory_needed()), stop));
    TRY(walled->open());
    film.frames = std::move(walled);
    return {};
}

Result<Bytes> PictureReader::bytes_of(
    PictureContent source, std::size_t bytes_max, const JobId& job, const std::stop_token& stop
) {
    if (auto* given = std::get_if<EncodedPicture>(&source)) return std::move(given->bytes);
    if (const auto* remote = std::get_if<RemotePicture>(&source)) return fetch(*remote, bytes_max, job, stop);
    return read_text(std::get<Base64Picture>(source), bytes_max);
}

Result<Bytes> PictureReader::fetch(
    const RemotePicture& remote, std::size_t bytes_max, const JobId& job, const std::stop_token& stop
) {
    if (fetcher_ != nullptr)
        return fetcher_->fetch({.url = remote.url, .bytes_max = bytes_max, .job = job}, stop);
    return fail(
        ErrorCode::unsupported, "addresses are not fetched here; send the picture itself as a data URL"
    );
}

}  // namespace vignette
