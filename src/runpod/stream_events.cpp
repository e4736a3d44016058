#include "runpod/stream_events.h"

#include <iterator>
#include <utility>
#include <variant>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t chunk_bytes_max = 900 * KiB;  // of a chunk's 1 MB, less what formatting adds
constexpr std::size_t text_bytes_max = 100 * KiB;   // of words in one event: escaped they may grow sixfold

const std::string* text_of(const StreamEvent& event) {  // null: it has none
    if (const auto* words = std::get_if<Piece>(&event.what)) return &words->text;
    if (const auto* written = std::get_if<Written>(&event.what)) return &written->text;
    return nullptr;
}

struct Joining {
    const std::string& words;
    void operator()(Piece& piece) const { piece.text += words; }
    void operator()(Written& written) const { written.text += words; }
    void operator()(Finished&) const { panic("a result has no words to add to"); }
};

std::size_t size_of(const StreamEvent& event) {
    constexpr std::size_t envelope = 64;
    const auto* finished = std::get_if<Finished>(&event.what);
    const std::size_t content =
        finished != nullptr ? finished->result_json.size() : 6 * text_of(event)->size();
    return envelope + 6 * event.id.size() + content;
}

}  // namespace

void append_event(std::vector<StreamEvent>& events, StreamEvent event) {
    const std::string* words = text_of(event);
    const std::string* before = events.empty() ? nullptr : text_of(events.back());
    const bool joins = words != nullptr && before != nullptr && events.back().index == event.index &&
                       events.back().what.index() == event.what.index() &&
                       before->size() + words->size() <= text_bytes_max;
    if (joins) {
        std::visit(Joining{*words}, events.back().what);
    } else {
        events.push_back(std::move(event));
    }
}

std::string take_chunk(std::vector<StreamEvent>& events) {
    ASSERT(!events.empty());
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < events.size() && (count == 0 || bytes + size_of(events[count]) <= chunk_bytes_max)) {
        bytes += size_of(events[count++]);
    }
    if (bytes > chunk_bytes_max) {  // one event alone: it comes whole with the job's result
        events.front().what =
            Finished{R"({"left_out":"larger than a piece of a stream may be; see the job's output"})"};
    }
    const auto end = events.begin() + static_cast<std::ptrdiff_t>(count);
    std::string chunk = format_chunk({std::make_move_iterator(events.begin()), std::make_move_iterator(end)});
    events.erase(events.begin(), end);
    return chunk;
}

}  // namespace vignette
