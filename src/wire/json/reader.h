// Strict reading of one JSON text, front to back, without building a tree. simdjson finds the tokens; what it
// lets pass because nobody asked for it (a bad number in an unknown field, a tail, endless nesting) is
// refused here. A reader belongs to one thread and reads its text once; strings it gave out outlive it. After
// an error, stop.
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

// A text and the bytes behind it that simdjson may read too. Whatever lies in one has such bytes as well.
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

    // Calls visit(key, value) for each member of the one object that is the text. Each visit must read or
    // skip its value; a key is valid until the reader dies.
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
            // NOLINTNEXTLINE(performance-move-const-arg): it takes no lvalue
            Value inner = TRY(checked(std::move(element)));
            TRY(visit(inner));
        }
        --depth_;
        last_read_ = begin;
        return {};
    }

    Result<JsonKind> kind(Value& value);         // a number, literal or string is checked to be well-formed
    std::string_view token(Value& value) const;  // a number or literal as written
    Result<SharedText> string(Value& value);     // a piece of the text; a copy only where it holds escapes
    Result<std::string_view> raw(Value& value);  // a piece of the text: all of a value, which is skipped
    Result<void> skip(Value& value);             // walks it all: rubbish inside is an error
    Result<void> skip_unread(Value& value);      // nothing to do if it is what was read last, to its end

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
    const char* last_read_ = nullptr;  // where it begins; only compared
    simdjson::ondemand::parser parser_;
    simdjson::ondemand::document document_;  // looks into parser_ and text_
};

}  // namespace vignette
