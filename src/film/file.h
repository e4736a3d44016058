// Decodes an untrusted film frame by frame, in the order in which the frames are shown.
//
// Only the file's own bytes are ever read: no address, no other file. One film belongs to one thread; several
// threads may each read their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "film/source.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

class FilmFile final : public FilmSource {
public:
    // The most memory that decoding will take, as far as the container says: the size of a frame, times the
    // frames that its codec may keep. Fails as open() does.
    static Result<std::size_t> memory_needed(
        std::span<const std::byte> file, const Limits& limits, std::stop_token stop
    );

    // `file` must outlive the FilmFile. Once a stop is requested, open() and next() end with
    // `cancelled`.
    static Result<FilmFile> open(std::span<const std::byte> file, const Limits& limits, std::stop_token stop);
    FilmFile(FilmFile&&) noexcept;
    FilmFile& operator=(FilmFile&&) noexcept;
    ~FilmFile() override;

    const FilmFacts& facts() const override;
    Result<std::optional<Shown>> next() override;
    void skip_to(const NextWanted& wanted) override;
    Result<Image> picture() override;
    Result<Thumbnail> thumbnail() override;
    std::int64_t damaged() const override;

private:
    class Reader;
    explicit FilmFile(std::unique_ptr<Reader> reader);

    std::unique_ptr<Reader> reader_;
};

}  // namespace vignette
