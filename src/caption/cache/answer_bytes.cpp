#include "caption/cache/answer_bytes.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace vignette {
namespace {

template <class Value>
concept Plain = std::is_arithmetic_v<Value> || std::is_enum_v<Value>;

class Writer {
public:
    template <class... Values>
    void all(Values&... values) {
        (one(values), ...);
    }
    template <Plain Value>
    void one(Value& value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    template <class List>
    void length(List& list) {
        std::uint64_t count = list.size();
        one(count);
    }
    template <class Value>
    void presence(std::optional<Value>& value) {
        bool there = value.has_value();
        one(there);
    }
    void one(std::string& text) {
        length(text);
        bytes += text;
    }
    template <class Value>
    void one(Value& value);

    std::string bytes;
};

// What does not fit leaves it failed, with empty values from there on.
class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    template <class... Values>
    void all(Values&... values) {
        (one(values), ...);
    }
    template <Plain Value>
    void one(Value& value) {
        const std::string_view taken = take(sizeof value);
        std::ranges::copy(taken, reinterpret_cast<char*>(&value));
    }
    void one(bool& value) {
        std::uint8_t byte = 0;
        one(byte);
        if (byte > 1) failed_ = true;
        value = byte == 1;
    }
    template <class List>
    void length(List& list) {
        std::uint64_t count = 0;
        one(count);
        if (count > left_.size()) failed_ = true;  // each element has a byte at least
        list.resize(failed_ ? 0 : static_cast<std::size_t>(count));
    }
    template <class Value>
    void presence(std::optional<Value>& value) {
        bool there = false;
        one(there);
        if (there) value.emplace();
    }
    void one(std::string& text) {
        length(text);
        text = take(text.size());
    }
    template <class Value>
    void one(Value& value);

    bool read_all() const { return !failed_ && left_.empty(); }

private:
    std::string_view take(std::size_t count) {
        if (failed_ || count > left_.size()) {
            failed_ = true;
            return {};
        }
        const std::string_view taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }

    std::string_view left_;
    bool failed_ = false;
};

// The fields, once for both ways. Each type's are named in a structured binding, so that none can be
// forgotten: a new one does not compile.
template <class Way, class Value>
void go(Way& way, std::optional<Value>& value) {
    way.presence(value);
    if (value) way.one(*value);
}

template <class Way, class Value>
void go(Way& way, std::vector<Value>& list) {
    way.length(list);
    for (Value& value : list) way.one(value);
}

template <class Way>
void go(Way& way, Size& size) {
    auto& [width, height] = size;
    way.all(width, height);
}

template <class Way>
void go(Way& way, ImageInfo& info) {
    auto& [size, format, path, full, taken] = info;
    way.all(size, format, path, full, taken);
}

template <class Way>
void go(Way& way, Warning& warning) {
    auto& [field, message] = warning;
    way.all(field, message);
}

template <class Way>
void go(Way& way, Confidence& confidence) {
    auto& [mean, min] = confidence;
    way.all(mean, min);
}

template <class Way>
void go(Way& way, Alternative& alternative) {
    auto& [text, score, finish, tokens] = alternative;
    way.all(text, score, finish, tokens);
}

template <class Way>
void go(Way& way, Embedding& embedding) {
    auto& [values, format, model, digest] = embedding;
    way.all(values, format, model, digest);
}

template <class Way>
void go(Way& way, ModelUse& use) {
    auto& [model, family, digest, device, dtype, weights, prompt, max_length, min_length, num_beams, length_penalty, preset, temperature, top_k, top_p, min_p, seed, repetition_penalty, no_repeat_ngram_size] =
        use;
    way.all(
        model, family, digest, device, dtype, weights, prompt, max_length, min_length, num_beams,
        length_penalty
    );
    way.all(preset, temperature, top_k, top_p, min_p, seed, repetition_penalty, no_repeat_ngram_size);
}

template <class Way>
void go(Way& way, Caption& caption) {
    auto& [task, text, tags, is_json, stopped_by, alternatives, prompt_tokens, tokens, return_tokens, logprobs, token_texts, confidence, score, finish, model, embedding, images, timestamps, timings, cached, vision_cached, warnings] =
        caption;
    way.all(task, text, tags, is_json, stopped_by, alternatives, prompt_tokens, tokens, return_tokens);
    way.all(logprobs, token_texts, confidence, score, finish, model, embedding, images, cached);
    way.all(vision_cached, warnings);
    (void)timings;     // they are the first asker's
    (void)timestamps;  // what was said of a film is not kept
}

template <class Value>
void Writer::one(Value& value) {
    go(*this, value);
}

template <class Value>
void Reader::one(Value& value) {
    go(*this, value);
}

}  // namespace

std::string to_bytes(const Caption& caption) {
    Caption copy = caption;  // one list of fields serves both ways, and reading needs it writable
    Writer writer;
    writer.one(copy);
    return std::move(writer.bytes);
}

std::optional<Caption> caption_from(std::string_view bytes) {
    Reader reader(bytes);
    Caption caption;
    reader.one(caption);
    if (!reader.read_all()) return std::nullopt;
    return caption;
}

}  // namespace vignette
