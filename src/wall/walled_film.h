// A film that a decoder process decodes; the process ends with it. One thread.
#pragma once

#include <stop_token>

#include "film/source.h"
#include "vignette/limits.h"
#include "wall/decoder_pool.h"

namespace vignette {

class WalledFilm final : public FilmSource {
public:
    WalledFilm(DecoderPool::Lease process, const Limits& limits, std::stop_token stop)
        : process_(std::move(process)), limits_(limits), stop_(std::move(stop)) {}
    ~WalledFilm() override { process_->kill(); }  // an idle process must not hold what a codec keeps
    WalledFilm(const WalledFilm&) = delete;
    WalledFilm& operator=(const WalledFilm&) = delete;

    // As FilmFile::memory_needed() and FilmFile::open(); in this order, so that the caller can wait for the
    // memory before it is used.
    Result<std::size_t> memory_needed();
    Result<void> open();

    const FilmFacts& facts() const override { return facts_; }
    Result<std::optional<Shown>> next() override;
    void skip_to(const NextWanted& wanted) override { wanted_ = wanted; }
    Result<Image> picture() override;
    Result<Thumbnail> thumbnail() override;
    std::int64_t damaged() const override { return damaged_; }

private:
    Result<DecoderAnswer> ask(DecoderQuestion question);

    DecoderPool::Lease process_;
    const Limits limits_;
    const std::stop_token stop_;
    std::size_t memory_max_ = 0;
    FilmFacts facts_;
    std::optional<NextWanted> wanted_;  // sent with the next question
    std::int64_t damaged_ = 0;
};

}  // namespace vignette
