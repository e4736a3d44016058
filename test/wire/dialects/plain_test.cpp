#include "wire/dialects/plain.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

const Job& job_of(const Result<PlainRequest>& read) { return *read->request.items.at(0).job; }

TEST(Plain, AJobMayComeWithOrWithoutAnInputAroundIt) {
    const std::string fields = R"({"image":"QUJD","prompt":"a photo of"})";
    for (const std::string& body : {fields, " \n" + fields + "\n ", R"({"input":)" + fields + "}"}) {
        const Result<PlainRequest> read = read_plain(body, {});
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(job_of(read).options.prompt, "a photo of");
        EXPECT_EQ(read->bytes, body.size());
    }
}

TEST(Plain, FieldsBesideAnInputAreNotTheJobs) {
    const Result<PlainRequest> read =
        read_plain(R"({"prompt":"outer","input":{"image":"QUJD","prompt":"inner"}})", {});
    ASSERT_TRUE(read);
    EXPECT_EQ(job_of(read).options.prompt, "inner");
}

TEST(Plain, ABatchIsCaptionedAndEmbeddedUnlessItSaysOtherwise) {
    const Result<PlainRequest> both = read_plain_batch(R"({"images":["QUJD","QUJD"]})", {});
    ASSERT_TRUE(both) << both.error().message;
    EXPECT_EQ(both->request.items.size(), 2U);
    EXPECT_EQ(job_of(both).task, Task::embed_and_caption);
    const Result<PlainRequest> chosen = read_plain_batch(R"({"task":"embed","images":["QUJD"]})", {});
    ASSERT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(job_of(chosen).task, Task::embed);
}

TEST(Plain, WhatIsNoJobIsRefused) {
    for (const char* body :
         {"", "{", "[]", "null", "{}", R"({"input":null})", R"({"input":[]})", "{} {}", "{}}"}) {
        EXPECT_FALSE(read_plain(body, {})) << body;
        EXPECT_FALSE(read_plain_batch(body, {})) << body;
    }
}

}  // namespace
}  // namespace vignette
