#include "image/opencv_decode.h"

#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include "image/alpha.h"
#include "image/pixels.h"
#include "image/refusal.h"

namespace vignette {
namespace {

// Silences OpenCV and keeps it from starting threads: several threads decode pictures already.
bool tame_opencv() {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::setNumThreads(1);
    return true;
}

// Empty if OpenCV rejects the file. Never decode into memory of our own: if OpenCV cannot decode the file, it
// leaves that memory untouched or half filled and returns as if nothing had happened.
cv::Mat decode(std::span<const std::byte> encoded, OpencvSamples samples) {
    [[maybe_unused]] static const bool tamed = tame_opencv();
    const cv::Mat buffer(
        1, static_cast<int>(encoded.size()), CV_8UC1, const_cast<std::byte*>(encoded.data())  // only read
    );
    const int three_channels = cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION;
    return cv::imdecode(buffer, samples == OpencvSamples::colours ? three_channels : cv::IMREAD_UNCHANGED);
}

template <class Sample>
std::uint8_t high_byte(Sample sample) {
    if constexpr (sizeof(Sample) == 1)
        return sample;
    else
        return static_cast<std::uint8_t>(sample >> 8);
}

// OpenCV's order is blue, green, red, alpha.
template <class Sample>
void paint_row(const cv::Mat& from, int y, bool premultiplied, std::uint8_t* rgb) {
    const Sample* sample = from.ptr<Sample>(y);
    const auto channels = static_cast<std::size_t>(from.channels());
    for (int x = 0; x < from.cols; ++x, sample += channels, rgb += 3) {
        const unsigned alpha = channels == 4 ? high_byte(sample[3]) : 255U;
        for (std::size_t c = 0; c < 3; ++c) {
            const unsigned colour = high_byte(sample[channels == 1 ? 0 : 2 - c]);
            rgb[c] = premultiplied ? static_cast<std::uint8_t>(std::min(255U, colour + 255U - alpha))
                                   : over_white(colour, alpha);
        }
    }
}

}  // namespace

Result<Image> decode_with_opencv(
    std::span<const std::byte> encoded, ImageFormat format, Size size, OpencvSamples samples
) {
    if (encoded.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(
            ErrorCode::too_large, "the picture has more bytes than can be decoded; send a smaller copy"
        );
    Image image = TRY(allocate_image(size));
    const Result<cv::Mat> found =
        at_wall(ErrorCode::undecodable_image, [&] { return decode(encoded, samples); });
    if (!found && found.error().message.contains("Insufficient memory")) return fail_out_of_memory(size);
    // OpenCV's other messages are about its own source code: no use to a client.
    if (!found || found->empty()) return fail_damaged(format, "its pixels cannot be decoded");
    const int channels = found->channels();
    const bool known_layout = (channels == 1 || channels == 3 || channels == 4) &&
                              (found->depth() == CV_8U || found->depth() == CV_16U);
    if (found->size() != cv::Size(size.width, size.height) || !known_layout)
        return fail_damaged(format, "its headers contradict each other");
    const bool premultiplied = samples == OpencvSamples::premultiplied;
    for (int y = 0; y < size.height; ++y) {
        std::uint8_t* rgb =
            &image.rgb[static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) * 3];
        if (found->depth() == CV_8U)
            paint_row<std::uint8_t>(*found, y, premultiplied, rgb);
        else
            paint_row<std::uint16_t>(*found, y, premultiplied, rgb);
    }
    return image;
}

}  // namespace vignette
