// An answer in pieces that begins with its first words: until then a job can still be refused. Any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

#include "serve/routes/call.h"

namespace vignette {

class Feed {
public:
    Feed(Call call, std::string content_type) : call_(std::move(call)), type_(std::move(content_type)) {}

    void say(const std::string& text) {
        begin();
        call_.exchange().write(text);
    }
    void end() {
        begin();
        call_.exchange().end();
    }
    bool begun() const { return begun_; }

private:
    void begin() {
        std::call_once(once_, [this] {
            begun_ = true;
            ServedResponse head = event_stream();
            head.content_type = type_;
            call_.exchange().begin(std::move(head));
        });
    }

    const Call call_;
    const std::string type_;
    std::once_flag once_;
    std::atomic<bool> begun_ = false;
};

inline constexpr const char* json_lines = "application/x-ndjson";

}  // namespace vignette
