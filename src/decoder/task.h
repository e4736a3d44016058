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
    Answer answer(const Question& question, ReceivedFiles files);

private:
    Result<void> take(ReceivedFiles files);
    Result<Answer> run_at_wall(const Question& question, ReceivedFiles files);
    Result<Answer> run(const Question& question);
    Result<Answer> decode_picture(const Question& question);
    Result<Answer> open_film(const Question& question);
    Result<Answer> next_frame(const Question& question);
    Result<Answer> film_picture();
    Result<Answer> film_thumbnail();
    std::span<const std::byte> encoded(const Question& question) const;
    Answer put(const Image& image, const ImageInfo& info);
    void let_go_of_large();

    SharedMemory input_;
    SharedMemory output_;
    std::unique_ptr<FilmFile> film_;
};

}  // namespace vignette
