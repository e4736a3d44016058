#include "caption/cache/answer_cache.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace vignette {
namespace {

CacheKey digest_of(std::string_view text) {
    KeyDigest digest;
    digest.add(text);
    return digest.finish();
}

struct AnswerCacheTest : ::testing::Test {
    std::optional<CacheKey> key(const Job& job, std::string_view picture = "picture") {
        const std::vector<CacheKey> pictures{digest_of(picture)};
        return cache.key_of(job, pictures, "digest");
    }
    static Caption said(std::string text) {
        Caption made;
        made.text = std::move(text);
        made.timings.vision = std::chrono::seconds(1);
        return made;
    }

    AnswerCache cache{64 * KiB};
};

TEST_F(AnswerCacheTest, AnAnswerComesBackWithoutItsTimesAndSaysSo) {
    cache.keep(*key({}), said("a red circle"));
    const std::optional<Caption> found = cache.find(*key({}));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text, "a red circle");
    EXPECT_TRUE(found->cached);
    EXPECT_EQ(found->timings.vision.count(), 0);
    EXPECT_FALSE(cache.find(*key({}, "another picture")));
}

TEST_F(AnswerCacheTest, WhateverTheAnswerDependsOnChangesTheKey) {
    std::set<CacheKey> keys{*key({}), *key({}, "another")};
    const auto expect_new = [&](auto&& change) {
        Job job;
        change(job);
        EXPECT_TRUE(keys.insert(*key(job)).second) << "change " << keys.size();
    };
    expect_new([](Job& job) { job.tenant = "somebody"; });
    expect_new([](Job& job) { job.task = Task::embed; });
    expect_new([](Job& job) { job.text = "text"; });
    expect_new([](Job& job) { job.captions = false; });
    expect_new([](Job& job) { job.is_frame = true; });
    expect_new([](Job& job) { job.fast = true; });
    expect_new([](Job& job) { job.vector_format = VectorFormat::base64; });
    expect_new([](Job& job) { job.warnings = {{"field", "message"}}; });
    expect_new([](Job& job) { job.options.prompt = ""; });
    expect_new([](Job& job) { job.options.prompt = "prompt"; });
    expect_new([](Job& job) { job.options.prefix = "prompt"; });
    expect_new([](Job& job) { job.options.preset = Preset::tags; });
    expect_new([](Job& job) { job.options.schema = "{}"; });
    expect_new([](Job& job) { job.options.max_length = 8; });
    expect_new([](Job& job) { job.options.fewer_tokens_will_do = true; });
    expect_new([](Job& job) { job.options.min_length = 8; });
    expect_new([](Job& job) { job.options.num_beams = 1; });
    expect_new([](Job& job) { job.options.length_penalty = 2; });
    expect_new([](Job& job) { job.options.seed = 8; });
    expect_new([](Job& job) { job.options.stop = {"a", "b"}; });
    expect_new([](Job& job) { job.options.stop = {"ab"}; });
    expect_new([](Job& job) { job.options.bad_words = {"ab"}; });
    expect_new([](Job& job) { job.options.return_tokens = true; });
    expect_new([](Job& job) { job.options.logprobs = true; });
    const std::vector<CacheKey> two{digest_of("pic"), digest_of("ture")};
    EXPECT_TRUE(keys.insert(*cache.key_of({}, two, "digest")).second);
    EXPECT_TRUE(keys.insert(*cache.key_of({}, std::vector<CacheKey>{digest_of("picture")}, "other")).second);
}

TEST_F(AnswerCacheTest, NothingIsKeptThatChanceHasAPartInOrThatTheClientWantsAnew) {
    Job job;
    job.options.temperature = 0.7;
    EXPECT_FALSE(key(job));
    job.options.seed = 1;
    EXPECT_TRUE(key(job));
    job.use_cache = false;
    EXPECT_FALSE(key(job));
    Job cold;
    cold.options.temperature = 0;
    EXPECT_TRUE(key(cold));
    EXPECT_FALSE(AnswerCache(0).key_of({}, {}, "digest"));
}

TEST_F(AnswerCacheTest, WhatWasUsedLongestAgoMakesRoom) {
    const std::string long_text(8 * KiB, 'x');
    for (int i = 0; i < 20; ++i) {
        cache.keep(*key({}, std::to_string(i)), said(long_text));
        (void)cache.find(*key({}, "0"));
        EXPECT_LE(cache.use().bytes, 64 * KiB);
    }
    EXPECT_TRUE(cache.find(*key({}, "0")));
    EXPECT_TRUE(cache.find(*key({}, "19")));
    EXPECT_FALSE(cache.find(*key({}, "1")));
    cache.keep(*key({}, "huge"), said(std::string(65 * KiB, 'x')));
    EXPECT_FALSE(cache.find(*key({}, "huge")));
    EXPECT_TRUE(cache.find(*key({}, "19"))) << "what does not fit at all pushes nothing out";
}

}  // namespace
}  // namespace vignette
