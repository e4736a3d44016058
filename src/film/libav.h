// Owning pointers to libav's objects: its C headers, and how to free what they allocate.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/mem.h>
#include <libswscale/swscale.h>
}

#include <memory>

#include "vignette/error.h"

namespace vignette {

struct FreeAv {
    void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
    void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
    void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
    void operator()(AVIOContext* io) const {
        av_free(io->buffer);  // libav may have replaced our buffer
        avio_context_free(&io);
    }
};

template <class T>
using Av = std::unique_ptr<T, FreeAv>;

inline std::unexpected<Error> fail_film_memory() {
    return fail(ErrorCode::out_of_memory, "not enough memory to read the film; try again later");
}

}  // namespace vignette
