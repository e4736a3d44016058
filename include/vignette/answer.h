// The answer to a whole request, whatever it consists of, and who says it in another API's words.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/request.h"

namespace vignette {

struct AnsweredItem {
    std::string id;  // the client's own; may be empty
    Result<Caption> outcome;
    std::optional<double> timestamp = {};                    // of a film's frame, in seconds
    std::optional<std::size_t> same_as;                      // the earlier frame it looks like
    std::chrono::system_clock::time_point began{}, ended{};  // the work; not known of a film's frames
};

struct Answer {
    bool all_fine() const {  // nothing failed
        const bool whole = !film || film->has_value();
        return whole &&
               std::ranges::all_of(items, [](const AnsweredItem& item) { return item.outcome.has_value(); });
    }

    bool any_failed_with(ErrorCode code) const {
        const auto has = [code](const auto& outcome) { return !outcome && outcome.error().code == code; };
        return (film && has(*film)) ||
               std::ranges::any_of(items, [&](const AnsweredItem& item) { return has(item.outcome); });
    }

    std::vector<AnsweredItem> items;  // in the request's order, or the film's
    AnswerShape shape = AnswerShape::single;
    std::chrono::duration<double> took{};
    std::optional<Result<FilmInfo>> film = {
    };  // if an error: the film ended early, and `items` are its frames so far
};

// Says an answer as the API does that the request came in by. One per request; one thread at a time.
class AnswerWriter {
public:
    virtual ~AnswerWriter() = default;

    virtual Result<std::string> whole(const Answer& answer) = 0;

    // Of a stream, as it is sent: what goes out with a piece of text (empty: nothing yet), after the last
    // one, and when the job fails on the way.
    virtual std::string piece(std::string_view text) = 0;
    virtual std::string rest(const Answer& answer) = 0;
    virtual std::string failure(const Error& error) = 0;

    // The error with that API's name for the field that caused it.
    virtual Error renamed(Error error) const = 0;
};

}  // namespace vignette
