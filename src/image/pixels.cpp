#include "image/pixels.h"

#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>

#include "image/sniff.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

cv::Mat as_matrix(Image& image) { return {image.size.height, image.size.width, CV_8UC3, image.rgb.data()}; }

// OpenCV is quiet, and starts no threads of its own: pictures are decoded by several threads already.
bool tame_opencv() {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::setNumThreads(1);
    return true;
}

// Empty when OpenCV does not want the file. Never decode into memory of our own: what OpenCV cannot decode it
// would leave there untouched, or half done, and return as if all were well.
cv::Mat decode_bgr(std::span<const std::byte> encoded) {
    [[maybe_unused]] static const bool tamed = tame_opencv();
    const cv::Mat buffer(
        1, static_cast<int>(encoded.size()), CV_8UC1, const_cast<std::byte*>(encoded.data())  // it only reads
    );
    return cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
}

bool swaps_sides(int orientation) { return orientation >= 5; }

void turn(const cv::Mat& from, cv::Mat& to, int orientation) {
    switch (orientation) {
        case 2: return cv::flip(from, to, 1);
        case 3: return cv::rotate(from, to, cv::ROTATE_180);
        case 4: return cv::flip(from, to, 0);
        case 5: return cv::transpose(from, to);
        case 6: return cv::rotate(from, to, cv::ROTATE_90_CLOCKWISE);
        case 7: cv::transpose(from, to); return cv::flip(to, to, -1);
        case 8: return cv::rotate(from, to, cv::ROTATE_90_COUNTERCLOCKWISE);
        default: panic("orientation out of range");
    }
}

}  // namespace

std::unexpected<Error> fail_out_of_memory(Size size) {
    return fail(
        ErrorCode::out_of_memory, "no memory for a picture of " + std::to_string(size.width) + " x " +
                                      std::to_string(size.height) +
                                      " pixels; try again later or send a smaller copy"
    );
}

Result<Image> allocate_image(Size size) {
    auto image = at_wall(ErrorCode::out_of_memory, [&] {
        return Image{size, Samples(static_cast<std::size_t>(size.pixels()) * 3)};
    });
    if (image) return image;
    return fail_out_of_memory(size);
}

Result<Image> decode_with_opencv(std::span<const std::byte> encoded, ImageFormat format, Size size) {
    if (encoded.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return fail(
            ErrorCode::too_large, "the picture has more bytes than OpenCV can count; send a smaller copy"
        );
    Image image = TRY(allocate_image(size));
    const Result<cv::Mat> bgr = at_wall(ErrorCode::undecodable_image, [&] { return decode_bgr(encoded); });
    if (!bgr && bgr.error().message.contains("Insufficient memory")) return fail_out_of_memory(size);
    // What else OpenCV says is about its own source code: nothing a client could use.
    if (!bgr || bgr->empty()) return fail_damaged(format, "its pixels cannot be decoded");
    if (bgr->size() != cv::Size(size.width, size.height) || bgr->type() != CV_8UC3)
        return fail_damaged(format, "its headers contradict each other");
    cv::Mat rgb = as_matrix(image);
    TRY(at_wall(ErrorCode::internal, [&] { cv::cvtColor(*bgr, rgb, cv::COLOR_BGR2RGB); }));
    ASSERT(rgb.data == image.rgb.data());
    return image;
}

Result<Image> orient(Image image, int orientation) {
    if (orientation == 1) return image;
    const Size size = image.size;
    Image upright = TRY(allocate_image(swaps_sides(orientation) ? Size{size.height, size.width} : size));
    TRY(at_wall(ErrorCode::internal, [&] {
        cv::Mat to = as_matrix(upright);
        turn(as_matrix(image), to, orientation);
        ASSERT(to.data == upright.rgb.data());
    }));
    return upright;
}

}  // namespace vignette
