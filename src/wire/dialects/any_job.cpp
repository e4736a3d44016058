#include "wire/dialects/any_job.h"

#include <utility>

#include "wire/dialects/openai/openai.h"

namespace vignette {
namespace {

Result<Request> read_foreign(
    const ForeignRequest& foreign, const PaddedText& text, const Limits& limits, JobId id
) {
    const std::optional<OpenAiRoute> route = openai_route(foreign.route);
    if (!route) {
        return fail(
            ErrorCode::unsupported,
            "input.openai_route must be /v1/chat/completions, /v1/responses or /v1/embeddings",
            "input.openai_route"
        );
    }
    if (foreign.body.empty()) {
        return fail(
            ErrorCode::invalid_input, "input.openai_input is missing; it is what was sent to the route",
            "input.openai_input"
        );
    }
    return read_openai(*route, text.part(foreign.body), limits, std::move(id));
}

}  // namespace

ReadRequest read_any_job(
    const PaddedText& text, const Limits& limits, const RequestForm& form, const JobId& otherwise
) {
    ReadRequest read = read_request(text, limits, form);
    if (read.foreign) read.request = read_foreign(*read.foreign, text, limits, read.id.value_or(otherwise));
    return read;
}

Result<Request> parse_request(std::string body, const Limits& limits) {
    // Only memory can run out here: simdjson is called through its error codes.
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return read_any_job(PaddedText(std::move(body)), limits, {}).request;
    }));
}

}  // namespace vignette
