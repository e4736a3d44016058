// What an answer says, for the routes of those dialects that write it in their own words.
#pragma once

#include <vector>

#include "vignette/error.h"
#include "wire/answer/answer_json.h"

namespace vignette {

// The caption of a job about one thing; it has a text. As long as the answer lives.
inline Result<const Caption*> said_in(const Answer& answer) {
    const Result<Caption>& outcome = answer.items.front().outcome;
    if (!outcome) return std::unexpected(outcome.error());
    if (outcome->text) return &*outcome;
    return fail(ErrorCode::unsupported, "captions are switched off on this server");
}

// The captions of a job for vectors: all have one.
inline Result<std::vector<const Caption*>> vectors_in(const Answer& answer) {
    std::vector<const Caption*> captions;
    for (const AnsweredItem& item : answer.items) {
        if (!item.outcome) return std::unexpected(item.outcome.error());
        if (!item.outcome->embedding) return fail(ErrorCode::internal, "there is no vector");
        captions.push_back(&*item.outcome);
    }
    return captions;
}

}  // namespace vignette
