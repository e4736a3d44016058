// What a decoder process does with a question. One thread.
#pragma once

#include <memory>

#include "film/file.h"
#include "wall/message.h"
#include "wall/shared_memory.h"

namespace vignette {

class DecoderTask {
public:
    // New memories replace those of the questions before.
    DecoderAnswer answer(const DecoderQuestion& question, ReceivedFiles files);

private:
    Result<void> take(ReceivedFiles files);
    Result<DecoderAnswer> run_at_wall(const DecoderQuestion& question, ReceivedFiles files);
    Result<DecoderAnswer> run(const DecoderQuestion& question);
    Result<DecoderAnswer> picture_header(const DecoderQuestion& question);
    Result<DecoderAnswer> decode_picture(const DecoderQuestion& question);
    Result<DecoderAnswer> open_film(const DecoderQuestion& question);
    Result<DecoderAnswer> next_frame(const DecoderQuestion& question);
    Result<DecoderAnswer> film_picture();
    Result<DecoderAnswer> film_thumbnail();
    std::span<const std::byte> encoded(const DecoderQuestion& question) const;
    DecoderAnswer put(const Image& image, const ImageInfo& info);
    void let_go_of_large();

    SharedMemory input_;
    SharedMemory output_;
    std::unique_ptr<FilmFile> film_;
};

}  // namespace vignette
