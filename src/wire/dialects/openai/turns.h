// The messages of a conversation, as OpenAI's APIs write them, and the one question about pictures that is in
// them. One per request, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/dialects/openai/turn_reader.h"
#include "wire/json/reader.h"

namespace vignette {

class Turns {
public:
    using Value = JsonReader::Value;

    // `path` is what errors call the list: "messages", "input".
    Turns(JsonReader& json, const Limits& limits, std::string path)
        : json_(json), limits_(limits), path_(std::move(path)) {}

    Result<void> read(Value& list);
    Result<void> add_system(std::string_view text);
    Result<void> add_user(std::string_view text);

    // The pictures and what to say about them: the system's words, then the user's.
    Result<void> ask(Job& job);
    const std::string& prefix() const { return prefix_; }  // how the answer begins; empty: not said

private:
    Result<void> add(ChatTurn turn);
    Result<void> add_answer(ChatTurn turn);
    Result<void> append(std::string& to, std::string_view text) const;

    JsonReader& json_;
    const Limits& limits_;
    const std::string path_;
    std::string system_;
    std::string user_;
    std::vector<PictureSource> pictures_;
    std::string answered_;  // the path of an answer of the assistant
    std::string prefix_;
};

}  // namespace vignette
