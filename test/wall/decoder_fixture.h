// A pool of the real decoder program, and files for it.
#pragma once

#include <gtest/gtest.h>

#include "film/film_fixtures.h"
#include "image/fixtures.h"
#include "image/read_header.h"
#include "wall/decoder_pool.h"

namespace vignette {

struct DecoderTest : ::testing::Test {
    static std::unique_ptr<DecoderPool> start(int places) {
        Result<std::unique_ptr<DecoderPool>> pool = DecoderPool::start(VIGNETTE_DECODER, places);
        EXPECT_TRUE(pool.has_value());
        return *std::move(pool);
    }

    Result<DecodedImage> decode(
        std::span<const std::byte> file, const DecodeNeed& need = {}, const std::stop_token& stop = {}
    ) {
        const ImageHeader header = TRY(pool->header(file, limits, stop));
        return pool->decode(file, header, limits, need, stop);
    }

    const Limits limits;
    const std::unique_ptr<DecoderPool> pool = start(1);
};

}  // namespace vignette
