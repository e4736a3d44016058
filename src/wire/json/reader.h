// Reads one JSON text strictly, front to back, without building a tree. simdjson finds the tokens; what it
// does not check unless asked (a bad number in an unknown field, trailing text, endless nesting) is refused
// here. A reader belongs to one thread and reads its text once; the strings it returns outlive it. After an
// error, stop.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

enum class JsonKind { null, boolean, number, string, array, object };
std::string_view with_article(JsonKind kind);  // "an array"

// A text followed by the padding that simdjson may read, and so any part of such a text.
class PaddedText {
public:
    explicit PaddedText(std::string text);  // copies nothing if text.capacity() has 64 bytes to spare

    PaddedText part(std::string_view inside) const { return PaddedText(text_.part(inside)); }
    const SharedText& shared() const { return text_; }
    std::string_view view() const { return text_.view(); }

private:
    explicit PaddedText(SharedText text) : text_(std::move(text)) {}

    SharedText text_;
};

class JsonReader {
public:
    using Value = simdjson::ondemand::value;

    JsonReader(const PaddedText& text, int depth_max);

    // Calls visit(key, value) for each member of the object that makes up the text. Each visit must read or
    // skip its value; keys are valid as long as the reader.
    template <class Visit>
    Result<void> read(Visit&& visit) {
        auto outermost = TRY(open());
        TRY(each_member(outermost, std::forward<Visit>(visit)));
        return close();
    }

    // The same for a value of kind object.
    template <class Visit>
    Result<void> members(Value& value, Visit&& visit) {
        const char* const begin = token(value).data();
        auto object = TRY(checked(value.get_object()));
        TRY(each_member(object, std::forward<Visit>(visit)));
        last_read_ = begin;
        return {};
    }

    // Calls visit(element) for each element of a value of kind array.
    template <class Visit>
    Result<void> elements(Value& value, Visit&& visit) {
        const char* const begin = token(value).data();
        auto array = TRY(checked(value.get_array()));
        TRY(enter());
        for (auto element : array) {
            // NOLINTNEXTLINE(performance-move-const-arg): checked() takes an rvalue
            Value inner = TRY(checked(std::move(element)));
            TRY(visit(inner));
        }
        --depth_;
        last_read_ = begin;
        return {};
    }

    Result<JsonKind> kind(Value& value);         // checks that a number, literal or string is well-formed
    std::string_view token(Value& value) const;  // a number or literal as written
    Result<SharedText> string(Value& value);     // a part of the text; a copy only if it holds escapes
    Result<std::string_view> raw(Value& value);  // the text of the whole value, which is skipped
    Result<void> skip(Value& value);             // reads all of it: bad JSON inside is an error
    Result<void> skip_unread(Value& value);      // does nothing if this value was just read to its end

private:
    Result<simdjson::ondemand::object> open();
    Result<void> close();
    Result<void> enter();
    std::unexpected<Error> broken(simdjson::error_code code);
    std::unexpected<Error> broken(std::string_view reason, std::string_view rest) const;

    template <class T>
    Result<T> checked(simdjson::simdjson_result<T>&& result) {
        T value;
        if (const auto code = std::move(result).get(value)) return broken(code);
        return value;
    }

    template <class Visit>
    Result<void> each_member(simdjson::ondemand::object& object, Visit&& visit) {
        TRY(enter());
        for (auto member : object) {
            simdjson::ondemand::field field = TRY(checked(std::move(member)));
            const std::string_view key = TRY(checked(field.unescaped_key()));
            TRY(visit(key, field.value()));
        }
        --depth_;
        return {};
    }

    SharedText text_;
    const int depth_max_;
    int depth_ = 0;
    const char* last_read_ = nullptr;  // where that value begins; never dereferenced
    simdjson::ondemand::parser parser_;
    simdjson::ondemand::document document_;  // refers to parser_ and text_
};

}  // namespace vignette
