#include "image/raw/develop.h"

#include <libraw/libraw.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "image/exif.h"
#include "image/pixels.h"
#include "image/raw/stream.h"
#include "image/refusal.h"

extern "C" {  // from OpenMP's runtime, whose header comes only with its own compiler
int omp_get_max_threads();
void omp_set_num_threads(int);
}

namespace vignette {
namespace {

// LibRaw would spread its loops over OpenMP threads, but several threads decode pictures already. The setting
// belongs to this thread and is restored afterwards for torch.
class OneThread {
public:
    OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
    ~OneThread() { omp_set_num_threads(before_); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
    int before_;
};

std::unexpected<Error> fail_as(int code) {
    switch (code) {
        case LIBRAW_UNSUFFICIENT_MEMORY:
            return fail(
                ErrorCode::out_of_memory, "not enough memory to develop a camera raw file; try again later"
            );
        case LIBRAW_TOO_BIG:
        case LIBRAW_MEMPOOL_OVERFLOW:
            return fail(
                ErrorCode::too_many_pixels,
                "the camera raw file needs more memory than one picture may use; send a smaller copy as JPEG"
            );
        case LIBRAW_IO_ERROR: return fail_truncated(ImageFormat::raw);
        case LIBRAW_FILE_UNSUPPORTED:
        case LIBRAW_REQUEST_FOR_NONEXISTENT_IMAGE:
        case LIBRAW_NO_THUMBNAIL:
        case LIBRAW_UNSUPPORTED_THUMBNAIL:
        case LIBRAW_NOT_IMPLEMENTED:
            return fail(
                ErrorCode::unsupported_media,
                "the file is a camera raw file of a kind that cannot be developed here, and it has no "
                "preview that is large enough; develop it and send it as JPEG"
            );
        default: return fail_damaged(ImageFormat::raw, "it cannot be developed");
    }
}

// The largest block that a decoder reads at once, Panasonic's. It does not complain when there is nothing
// left.
constexpr std::int64_t block_bytes_max = 0x4000;

// Besides std::exception LibRaw also throws numbers; neither may escape.
template <class F>
Result<void> checked(F&& call) {
    const Result<int> code = at_wall(ErrorCode::out_of_memory, [&] {
        try {
            return call();
        } catch (const LibRaw_exceptions&) {
            return static_cast<int>(LIBRAW_UNSPECIFIED_ERROR);
        }
    });
    if (!code) return fail_as(LIBRAW_UNSUFFICIENT_MEMORY);
    if (*code != LIBRAW_SUCCESS) return fail_as(*code);
    return {};
}

struct Opened {
    std::unique_ptr<RawStream> stream;  // LibRaw reads from it for as long as it lives
    std::unique_ptr<LibRaw> raw;        // several hundred kB: too much for the stack

    LibRaw* operator->() const { return raw.get(); }
};

Result<Opened> open(std::span<const std::byte> encoded) {
    Opened raw;
    TRY(checked([&] {
        raw.stream = std::make_unique<RawStream>(encoded);
        // Without these handlers it writes to standard error.
        raw.raw =
            std::make_unique<LibRaw>(LIBRAW_OPIONS_NO_MEMERR_CALLBACK | LIBRAW_OPIONS_NO_DATAERR_CALLBACK);
        libraw_output_params_t& wanted = raw->imgdata.params;
        wanted.half_size = 1;
        wanted.use_camera_wb = 1;
        wanted.output_color = 1;  // sRGB
        wanted.output_bps = 8;
        wanted.no_auto_bright = 1;
        wanted.user_flip = 0;
        wanted.use_rawspeed = 0;
        wanted.use_dngsdk = 0;
        return raw->open_datastream(raw.stream.get());
    }));
    return raw;
}

Result<void> check_size(std::int64_t width, std::int64_t height, const Limits& limits) {
    if (width > 0 && height > 0 && width <= limits.image_side_max && height <= limits.image_side_max &&
        width * height <= limits.image_pixels_max)
        return {};
    return fail_as(LIBRAW_TOO_BIG);
}

// LibRaw's bits stand for flips, EXIF's numbers for the positions of the first row and column.
int orientation_of_flip(int flip) {
    constexpr std::array orientations{1, 2, 4, 3, 5, 8, 6, 7};
    return orientations.at(static_cast<std::size_t>(flip & 7));
}

Result<Image> copy_pixels(LibRaw& raw, const Limits& limits) {
    int width = 0;
    int height = 0;
    int colours = 0;
    int bits = 0;
    raw.get_mem_image_format(&width, &height, &colours, &bits);
    TRY(check_size(width, height, limits));
    if (bits != 8 || (colours != 1 && colours != 3)) return fail_as(LIBRAW_NOT_IMPLEMENTED);
    Image image = TRY(allocate_image({width, height}));
    TRY(checked([&] { return raw.copy_mem_image(image.rgb.data(), width * colours, 0); }));
    if (colours == 1) {  // expanded from the end, so that nothing is overwritten before it is read
        for (std::size_t i = image.rgb.size() / 3; i-- > 0;)
            image.rgb[3 * i] = image.rgb[3 * i + 1] = image.rgb[3 * i + 2] = image.rgb[i];
    }
    return image;
}

}  // namespace

Result<ImageHeader> read_header_by_libraw(std::span<const std::byte> encoded) {
    const Opened raw = TRY(open(encoded));
    const libraw_image_sizes_t& sizes = raw->imgdata.sizes;
    return ImageHeader{ImageFormat::raw, {sizes.width, sizes.height}, orientation_of_flip(sizes.flip)};
}

Result<Bytes> read_thumbnail_by_libraw(std::span<const std::byte> encoded, const Limits& limits) {
    const Opened raw = TRY(open(encoded));
    // Not by unpack_thumb(): where a thumbnail is no JPEG, it may write past the memory that it took for it.
    const std::int64_t offset = raw->get_internal_data_pointer()->internal_data.toffset;
    const std::size_t length = raw->imgdata.thumbnail.tlength;
    if (length > limits.picture_bytes_max) return fail_as(LIBRAW_TOO_BIG);
    if (offset <= 0 || static_cast<std::size_t>(offset) >= encoded.size())
        return fail_as(LIBRAW_NO_THUMBNAIL);
    const auto rest = encoded.subspan(static_cast<std::size_t>(offset));
    const auto found = rest.first(std::min(length, rest.size()));
    constexpr std::byte start_first{0xff}, start_second{0xd8};
    if (found.size() < 2 || found[1] != start_second) return fail_as(LIBRAW_UNSUPPORTED_THUMBNAIL);
    Bytes jpeg(found.begin(), found.end());
    jpeg[0] = start_first;  // as LibRaw has it: some cameras leave it out
    return jpeg;
}

Result<Image> develop_half(std::span<const std::byte> encoded, const Limits& limits) {
    const OneThread alone;
    const Opened raw = TRY(open(encoded));
    // It may have found a different picture in the file than we did, or trusted other numbers.
    TRY(check_size(raw->imgdata.sizes.raw_width, raw->imgdata.sizes.raw_height, limits));
    TRY(check_size(raw->imgdata.sizes.width, raw->imgdata.sizes.height, limits));
    constexpr std::int64_t bytes_a_value = 8;
    raw->imgdata.params.max_raw_memory_mb =
        static_cast<unsigned>(limits.image_pixels_max * bytes_a_value / static_cast<std::int64_t>(MiB)) + 1;
    raw.stream->allow_decoding();
    TRY(checked([&] { return raw->unpack(); }));
    // It would develop what there is.
    if (raw->error_count() > 0 || raw.stream->missing() >= block_bytes_max)
        return fail_truncated(ImageFormat::raw);
    TRY(checked([&] { return raw->dcraw_process(); }));
    return copy_pixels(*raw.raw, limits);
}

}  // namespace vignette
