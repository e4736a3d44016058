// POST /v1/chat/completions: writes the answer, whole or as server-sent events. One thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "vignette/answer.h"
#include "wire/dialects/openai/words.h"

namespace vignette {

class ChatWriter final : public AnswerWriter {
public:
    explicit ChatWriter(OpenAiCall call) : call_(std::move(call)), filter_(call_.prefix) {}

    Result<std::string> whole(const Answer& answer) override;
    std::string piece(std::string_view text) override;
    std::string rest(const Answer& answer) override;
    std::string failure(const Error& error) override;
    Error renamed(Error error) const override;

private:
    std::string chunk(ResultJson choices, ResultJson usage = {}) const;
    std::string delta(int index, ResultJson delta, ResultJson finish = {}, ResultJson logprobs = {}) const;
    std::string begin();

    OpenAiCall call_;
    PrefixFilter filter_;
    std::string fingerprint_;  // empty: not known yet
    bool begun_ = false;
};

}  // namespace vignette
