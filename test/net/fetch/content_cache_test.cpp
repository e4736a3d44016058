#include "net/fetch/content_cache.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

std::shared_ptr<const CachedContent> content(std::size_t size, const char* tag = "\"t\"") {
    return std::make_shared<const CachedContent>(
        CachedContent{.etag = tag, .last_modified = {}, .bytes = Bytes(size)}
    );
}

TEST(ContentCache, TheLatestContentOfAnAddressIsKept) {
    ContentCache cache(1 * MiB);
    EXPECT_EQ(cache.find("a"), nullptr);
    cache.keep("a", content(1, "1"));
    cache.keep("a", content(2, "2"));
    EXPECT_EQ(cache.find("a")->etag, "2");
    cache.forget("a");
    EXPECT_EQ(cache.find("a"), nullptr);
}

TEST(ContentCache, TheLeastRecentlyUsedMakesRoom) {
    ContentCache cache(100 * KiB);
    cache.keep("a", content(40 * KiB));
    cache.keep("b", content(40 * KiB));
    EXPECT_NE(cache.find("a"), nullptr);
    cache.keep("c", content(40 * KiB));
    EXPECT_EQ(cache.find("b"), nullptr);
    EXPECT_NE(cache.find("a"), nullptr);
    EXPECT_NE(cache.find("c"), nullptr);
}

TEST(ContentCache, ManySmallOnesAreBoundedToo) {
    ContentCache cache(100 * KiB);
    int kept = 0;
    for (int i = 0; i < 10'000; ++i) cache.keep(std::to_string(i), content(1));
    for (int i = 0; i < 10'000; ++i) kept += cache.find(std::to_string(i)) != nullptr ? 1 : 0;
    EXPECT_GT(kept, 50);
    EXPECT_LT(kept, 200);
}

TEST(ContentCache, EvictedContentStaysAliveForItsHolders) {
    ContentCache cache(10 * KiB);
    cache.keep("a", content(5 * KiB, "mine"));
    const std::shared_ptr<const CachedContent> held = cache.find("a");
    cache.keep("b", content(8 * KiB));
    EXPECT_EQ(cache.find("a"), nullptr);
    EXPECT_EQ(held->etag, "mine");
}

}  // namespace
}  // namespace vignette
