// A conversation as other programs send it, made into one job about its pictures. Pure, for any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"

namespace vignette {

enum class Speaker { system, user, assistant };

struct Turn {
    std::string path;  // "messages[2]"
    Speaker speaker = Speaker::user;
    std::string text;  // its parts, one below the other
    std::vector<PictureSource> pictures;
    std::size_t coarse = 0;  // pictures that need not be seen in detail
    std::optional<PictureSource> film = {};
};

// Reads a list of messages, which errors call `path`; `read` adds one of them, an object, to its turn.
using ReadTurn = std::function<Result<void>(Turn& turn, JsonReader::Value& message)>;
Result<std::vector<Turn>> read_turns(
    JsonReader& json, const std::string& path, JsonReader::Value& list, const ReadTurn& read
);

// Where a dialect has its pictures, for those who sent none.
struct PictureHint {
    std::string_view field;
    std::string_view example;
};

// The one film among the turns, if there is one, taken out of them.
Result<std::optional<PictureSource>> take_film(std::vector<Turn>& turns);

// The job is about all their pictures; there must be one, or none where it is about a film. What the system
// says, then the user, becomes the prompt, what the assistant says in the last turn the beginning of the
// caption.
Result<void> converse(Job& job, std::vector<Turn> turns, const PictureHint& hint, const Limits& limits);

// `more` goes below `text`, if it says anything. An error if that becomes too long.
Result<void> add_text(std::string& text, std::string_view more, std::string_view path, const Limits& limits);

// Refuses a field that we know and that would change the answer, unless it is null, false, 0 or empty: a
// client that sends its defaults has not asked for anything.
Result<void> refuse_field(
    JsonReader& json, std::string_view path, std::string_view remedy, JsonReader::Value& value
);

// A field of our own jobs, and what a dialect calls it.
struct FieldName {
    std::string_view ours;
    std::string_view theirs;
};

// What went wrong behind the dialect, with its names of the fields.
Error in_names_of(std::span<const FieldName> names, Error error);
std::vector<Warning> in_names_of(std::span<const FieldName> names, std::vector<Warning> warnings);

// Cuts the beginning off a text that comes in pieces: clients that send it do not want it back.
class Behind {
public:
    explicit Behind(std::size_t bytes) : left_(bytes) {}

    std::string_view rest_of(std::string_view piece) {
        const std::size_t cut = std::min(left_, piece.size());
        left_ -= cut;
        return piece.substr(cut);
    }

private:
    std::size_t left_;
};

}  // namespace vignette
