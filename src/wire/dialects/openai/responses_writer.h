// POST /v1/responses: writes the answer, whole or as typed server-sent events. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vignette/answer.h"
#include "wire/dialects/openai/words.h"

namespace vignette {

struct ResponseEcho {  // of the request; the answer repeats it
    std::string instructions;
    std::optional<std::int64_t> max_output_tokens;
    std::string schema;  // JSON; empty: the answer is a text
};

class ResponsesWriter final : public AnswerWriter {
public:
    ResponsesWriter(OpenAiCall call, ResponseEcho echo)
        : call_(std::move(call)), echo_(std::move(echo)), filter_(call_.prefix) {}

    Result<std::string> whole(const Answer& answer) override;
    std::string piece(std::string_view text) override;
    std::string rest(const Answer& answer) override;
    std::string failure(const Error& error) override;
    Error renamed(Error error) const override;

private:
    ResultJson response(std::string_view status) const;
    ResultJson finished(const Caption& caption) const;
    ResultJson message(std::string_view status) const;  // without content
    ResultJson message(const Caption& caption) const;
    std::string event(std::string_view type, const ResultJson& fields);
    std::string of_text(std::string_view type, const ResultJson& fields);
    std::string begin();
    std::string delta(const std::string& text);
    std::string end(const Caption& caption);

    OpenAiCall call_;
    const ResponseEcho echo_;
    PrefixFilter filter_;
    bool begun_ = false;
    int events_ = 0;
};

}  // namespace vignette
