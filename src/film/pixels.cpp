#include "film/pixels.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "image/pixels.h"

namespace vignette {
namespace {

std::unexpected<Error> fail_pixels() {
    return fail(
        ErrorCode::undecodable_image,
        "the film's pixel format cannot be converted to RGB; convert the film to 8-bit H.264"
    );
}

// libav keeps what the file says, which need not be a value that its type has.
template <class Enum>
std::uint32_t number_in(const Enum& value) {
    std::uint32_t number = 0;
    static_assert(sizeof value == sizeof number);
    std::memcpy(&number, &value, sizeof number);
    return number;
}

int matrix_of(const AVFrame& frame) {
    constexpr int lines_of_sd_max = 576;
    constexpr std::array<std::pair<AVColorSpace, int>, 7> known{{
        {AVCOL_SPC_BT709, SWS_CS_ITU709},
        {AVCOL_SPC_FCC, SWS_CS_FCC},
        {AVCOL_SPC_SMPTE240M, SWS_CS_SMPTE240M},
        {AVCOL_SPC_BT470BG, SWS_CS_ITU601},
        {AVCOL_SPC_SMPTE170M, SWS_CS_ITU601},
        {AVCOL_SPC_BT2020_NCL, SWS_CS_BT2020},
        {AVCOL_SPC_BT2020_CL, SWS_CS_BT2020},
    }};
    for (const auto& [declared, matrix] : known) {
        if (number_in(frame.colorspace) == std::uint32_t{declared}) return matrix;
    }
    return std::min(frame.width, frame.height) <= lines_of_sd_max ? SWS_CS_ITU601 : SWS_CS_ITU709;
}

// The scaler for this frame, recreated when frames change.
SwsContext* scaler_for(Av<SwsContext>& scaler, const AVFrame& frame, Size to, int how) {
    scaler.reset(sws_getCachedContext(
        scaler.release(), frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), to.width,
        to.height, AV_PIX_FMT_RGB24, how, nullptr, nullptr, nullptr
    ));
    if (!scaler) return nullptr;
    constexpr int one = 1 << 16;
    const int full_range = number_in(frame.color_range) == AVCOL_RANGE_JPEG ? 1 : 0;
    sws_setColorspaceDetails(  // no effect on RGB, which has no matrix
        scaler.get(), sws_getCoefficients(matrix_of(frame)), full_range, sws_getCoefficients(SWS_CS_DEFAULT),
        1, 0, one, one
    );
    return scaler.get();
}

// Scales into padded rows: the scaler writes a few pixels too many.
Result<Av<AVFrame>> scaled(Av<SwsContext>& kept, const AVFrame& frame, Size to, int how) {
    SwsContext* scaler = scaler_for(kept, frame, to, how);
    if (scaler == nullptr) return fail_pixels();
    Av<AVFrame> rgb(av_frame_alloc());
    if (!rgb) return fail_film_memory();
    rgb->format = AV_PIX_FMT_RGB24;
    rgb->width = to.width;
    rgb->height = to.height;
    if (av_frame_get_buffer(rgb.get(), 64) < 0) return fail_film_memory();
    const int rows = sws_scale(scaler, frame.data, frame.linesize, 0, frame.height, rgb->data, rgb->linesize);
    if (rows != to.height) return fail_pixels();
    return rgb;
}

void copy_rows(const AVFrame& rgb, std::uint8_t* to) {
    const std::size_t row = static_cast<std::size_t>(rgb.width) * 3;
    for (int y = 0; y < rgb.height; ++y)
        std::memcpy(
            to + static_cast<std::size_t>(y) * row, rgb.data[0] + std::ptrdiff_t{y} * rgb.linesize[0], row
        );
}

}  // namespace

Result<Image> FilmPixels::picture(const AVFrame& frame) {
    const Size size{frame.width, frame.height};
    constexpr int how = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT;
    const Av<AVFrame> rgb = TRY(scaled(whole_, frame, size, how));
    Image image = TRY(allocate_image(size));
    copy_rows(*rgb, image.rgb.data());
    return image;
}

Result<Thumbnail> FilmPixels::thumbnail(const AVFrame& frame) {
    const Av<AVFrame> rgb = TRY(scaled(small_, frame, {Thumbnail::side, Thumbnail::side}, SWS_AREA));
    Thumbnail small;
    copy_rows(*rgb, small.rgb.data());
    return small;
}

}  // namespace vignette
