#include "trace/job_spans.h"

#include <array>
#include <utility>

#include "core/enum_text.h"
#include "core/random_hex.h"
#include "trace/tracer.h"

namespace vignette {
namespace {

using Time = Span::Time;

Span span_below(const TraceContext& above, std::string name, Time begin, Time end) {
    return {
        .trace_id = above.trace_id,
        .span_id = new_span_id(),
        .parent_id = above.span_id,
        .state = above.state,
        .name = std::move(name),
        .begin = begin,
        .end = end,
    };
}

TraceContext context_of(const Span& span) { return {span.trace_id, span.span_id, span.state}; }

std::string_view finish_reason(FinishReason reason) {
    return reason == FinishReason::length ? "length" : "stop";
}

void describe(const Caption& made, Span& span) {
    const bool words = made.task != Task::embed;
    span.attributes = {
        {"gen_ai.operation.name", std::string(words ? "generate_content" : "embeddings")},
        {"gen_ai.provider.name", std::string("vignette")},
        {"gen_ai.usage.input_tokens", std::int64_t{made.prompt_tokens}},
        {"vignette.cached", made.cached},
    };
    const std::string& model = words || !made.embedding ? made.model.model : made.embedding->model;
    if (!model.empty()) span.attributes.push_back({"gen_ai.request.model", model});
    if (!words) return;
    span.attributes.push_back({"gen_ai.usage.output_tokens", static_cast<std::int64_t>(made.tokens.size())});
    span.attributes.push_back(
        {"gen_ai.response.finish_reasons", std::vector<std::string>{std::string(finish_reason(made.finish))}}
    );
}

// The stages follow one another in this order, and what lies between them is short: only their lengths were
// measured. The wait for a vector is the end of the work.
void add_stages(const Timings& times, const Span& picture, std::vector<Span>& spans) {
    const std::array<std::pair<const char*, Timings::Duration>, 8> stages{{
        {"load", times.load},
        {"fetch", times.fetch},
        {"decode", times.decode},
        {"preprocess", times.preprocess},
        {"queue", times.queue},
        {"vision", times.vision},
        {"prefill", times.prefill},
        {"decode_steps", times.decode_steps},
    }};
    Time begin = picture.begin;
    for (const auto& [stage, time] : stages) {
        if (time.count() == 0) continue;
        spans.push_back(span_below(context_of(picture), stage, begin, begin + time));
        begin += time;
    }
    if (times.embed.count() > 0)
        spans.push_back(span_below(context_of(picture), "embed", picture.end - times.embed, picture.end));
}

void add_picture(const AnsweredItem& item, const TraceContext& job, std::vector<Span>& spans) {
    if (item.began == Time{}) return;
    Span span = span_below(job, "picture", item.began, item.ended);
    if (item.outcome) {
        describe(*item.outcome, span);
        add_stages(item.outcome->timings, span, spans);
    } else {
        span.failed = true;
        span.attributes = {{"error.type", std::string(to_text(item.outcome.error().code))}};
    }
    spans.push_back(std::move(span));
}

}  // namespace

std::vector<Span> job_spans(const EndedJob& job) {
    if (!is_recorded(job.origin.trace)) return {};
    const Time end = std::chrono::system_clock::now();
    Span whole = span_below(job.origin.trace, "job", job.began, end);
    whole.failed = !job.succeeded;
    whole.attributes = {
        {"vignette.job.id", job.id.value},
        {"vignette.job.answers", static_cast<std::int64_t>(job.answer.items.size())},
    };
    std::vector<Span> spans;
    for (const AnsweredItem& item : job.answer.items) add_picture(item, context_of(whole), spans);
    spans.push_back(std::move(whole));
    return spans;
}

}  // namespace vignette
