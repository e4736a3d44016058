#include "film/stream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace vignette {

bool is_readable(AVCodecID codec) {
    constexpr std::array readable{AV_CODEC_ID_H264,      AV_CODEC_ID_HEVC,       AV_CODEC_ID_VP8,
                                  AV_CODEC_ID_VP9,       AV_CODEC_ID_AV1,        AV_CODEC_ID_MPEG4,
                                  AV_CODEC_ID_MJPEG,     AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG1VIDEO,
                                  AV_CODEC_ID_MSMPEG4V2, AV_CODEC_ID_MSMPEG4V3,  AV_CODEC_ID_THEORA};
    return std::ranges::find(readable, codec) != readable.end();
}

// Cover art is not a film.
AVStream* film_stream(const AVFormatContext& format) {
    for (unsigned i = 0; i < format.nb_streams; ++i) {
        AVStream* stream = format.streams[i];
        const bool moves = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0;
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && moves) return stream;
    }
    return nullptr;
}

double seconds(std::int64_t units, AVRational unit) {
    const double time = static_cast<double>(units) * unit.num / unit.den;  // 3 / 10, not 3 * 0.1
    return units != AV_NOPTS_VALUE && std::isfinite(time) ? time : 0;
}

double duration_of(const AVFormatContext& format, const AVStream& stream) {
    const double whole = seconds(format.duration, {1, AV_TIME_BASE});
    return std::max(0.0, whole > 0 ? whole : seconds(stream.duration, stream.time_base));
}

double rate_of(const AVStream& stream, double duration, AVRational otherwise) {
    constexpr double believable = 1000;
    for (const AVRational rate : {stream.avg_frame_rate, stream.r_frame_rate, otherwise}) {
        const double fps = rate.den == 0 ? 0 : av_q2d(rate);
        if (fps > 0 && fps <= believable) return fps;
    }
    const double counted = duration > 0 ? static_cast<double>(stream.nb_frames) / duration : 0;
    return counted > 0 && counted <= believable ? counted : 0;
}

// The matrix maps right to (a, b) and down to (c, d).
int orientation_of(const AVStream& stream) {
    std::size_t bytes = 0;
    const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    std::int32_t matrix[9] = {};
    if (data == nullptr || bytes < sizeof matrix) return 1;
    std::memcpy(matrix, data, sizeof matrix);
    const std::int64_t a = matrix[0];
    const std::int64_t b = matrix[1];
    const std::int64_t c = matrix[3];
    const std::int64_t d = matrix[4];
    if (std::abs(a) >= std::abs(b)) {
        if (a < 0) return d < 0 ? 3 : 2;
        return d < 0 ? 4 : 1;
    }
    if (b > 0) return c < 0 ? 6 : 5;
    return c > 0 ? 8 : 7;
}

}  // namespace vignette
