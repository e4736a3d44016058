#include "trace/job_spans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "trace/tracer.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

const Origin origin{
    .request_id = "r",
    .trace = {.trace_id = std::string(32, 'a'), .span_id = std::string(16, 'b'), .state = "k=v"}
};
const JobId id{"job-1"};
const Span::Time start{1'000s};

AnsweredItem picture(Result<Caption> outcome) {
    AnsweredItem item{.outcome = std::move(outcome), .same_as = {}};
    item.began = start;
    item.ended = start + 100ms;
    return item;
}

Caption caption() {
    Caption made;
    made.text = "the user's own";
    made.model.model = "demo";
    made.model.prompt = "a secret prompt";
    made.prompt_tokens = 7;
    made.tokens = {TokenId{1}, TokenId{2}};
    made.timings = {.decode = 10ms, .queue = 5ms, .prefill = 20ms, .total = 99ms};
    return made;
}

std::vector<Span> spans_of(Answer answer, const Origin& from = origin) {
    return job_spans({.answer = answer, .origin = from, .id = id, .began = start});
}

const Span& named(const std::vector<Span>& spans, std::string_view name) {
    return *std::ranges::find(spans, name, &Span::name);
}

TEST(JobSpans, AreATreeBelowTheRequest) {
    Answer answer;
    answer.items.push_back(picture(caption()));
    const std::vector<Span> spans = spans_of(answer);
    ASSERT_EQ(spans.size(), 5U);
    EXPECT_EQ(named(spans, "job").parent_id, origin.trace.span_id);
    EXPECT_EQ(named(spans, "picture").parent_id, named(spans, "job").span_id);
    for (const char* stage : {"decode", "queue", "prefill"})
        EXPECT_EQ(named(spans, stage).parent_id, named(spans, "picture").span_id);
    for (const Span& span : spans) {
        EXPECT_EQ(span.trace_id, origin.trace.trace_id);
        EXPECT_EQ(span.state, "k=v");
        EXPECT_FALSE(span.failed);
        EXPECT_LE(span.begin, span.end);
        const auto has_id = [&](const Span& one) { return one.span_id == span.span_id; };
        EXPECT_EQ(std::ranges::count_if(spans, has_id), 1);
    }
}

TEST(JobSpans, StagesFollowOneAnotherFromThePicturesBeginning) {
    Answer answer;
    answer.items.push_back(picture(caption()));
    const std::vector<Span> spans = spans_of(answer);
    EXPECT_EQ(named(spans, "decode").begin, start);
    EXPECT_EQ(named(spans, "decode").end, start + 10ms);
    EXPECT_EQ(named(spans, "queue").begin, start + 10ms);
    EXPECT_EQ(named(spans, "prefill").begin, start + 15ms);
    EXPECT_EQ(named(spans, "prefill").end, start + 35ms);
    EXPECT_EQ(named(spans, "picture").end, start + 100ms);
}

TEST(JobSpans, AFailureSaysItsCodeAndNotItsMessage) {
    Answer answer;
    answer.items.push_back(picture(fail(ErrorCode::unreachable, "https://secret.example")));
    const std::vector<Span> spans = spans_of(answer);
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_TRUE(named(spans, "picture").failed);
    EXPECT_EQ(std::get<std::string>(named(spans, "picture").attributes.front().value), "unreachable");
    EXPECT_EQ(format_spans({}, spans).find("secret"), std::string::npos);
}

TEST(JobSpans, NeverHoldWhatTheUserSentOrWasTold) {
    Answer answer;
    answer.items.push_back(picture(caption()));
    const std::string text = format_spans({}, spans_of(answer));
    EXPECT_NE(text.find("demo"), std::string::npos);
    EXPECT_EQ(text.find("secret"), std::string::npos);
    EXPECT_EQ(text.find("own"), std::string::npos);
}

TEST(JobSpans, AreNoneIfTheTraceIsNotRecorded) {
    Answer answer;
    answer.items.push_back(picture(caption()));
    EXPECT_TRUE(spans_of(answer, {}).empty());
}

}  // namespace
}  // namespace vignette
