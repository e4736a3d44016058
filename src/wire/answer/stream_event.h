// What a job says while it runs, to a client that streams.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

namespace vignette {

// An event of a stream: the next piece of a caption, or the finished result.
struct Piece {
    std::string text;
};
struct Finished {
    std::string result_json;  // from format_result()
};
// What goes out as it is, in the words of another API. A job's events are all of this kind, or none is.
struct Written {
    std::string text;
};
struct StreamEvent {
    std::size_t index = 0;  // of the item in its request
    std::string id;         // set by the client; may be empty
    std::variant<Piece, Finished, Written> what;
};

}  // namespace vignette
