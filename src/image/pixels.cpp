#include "image/pixels.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

cv::Mat as_matrix(Image& image) { return {image.size.height, image.size.width, CV_8UC3, image.rgb.data()}; }

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
        ErrorCode::out_of_memory, "not enough memory for a picture of " + std::to_string(size.width) + " x " +
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

Size as_shown(Size stored, int orientation) {
    return orientation >= 5 ? Size{stored.height, stored.width} : stored;
}

Result<Image> orient(Image image, int orientation) {
    if (orientation == 1) return image;
    Image upright = TRY(allocate_image(as_shown(image.size, orientation)));
    TRY(at_wall(ErrorCode::internal, [&] {
        cv::Mat to = as_matrix(upright);
        turn(as_matrix(image), to, orientation);
        ASSERT(to.data == upright.rgb.data());
    }));
    return upright;
}

}  // namespace vignette
