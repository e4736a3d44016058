#include "wire/request/option_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/enum_text.h"
#include "vignette/invariant.h"
#include "wire/request/field_checks.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

std::unexpected<Error> refuse(std::string_view path, std::string message) {
    return fail(ErrorCode::invalid_input, std::string(path) + " " + std::move(message), std::string(path));
}

std::string in_words(double number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%g", number);
    return text.data();
}

std::string range_of(const RealOption& option) {
    const std::string least = in_words(option.least);
    const std::string most = in_words(option.most);
    return option.least_is_legal ? "from " + least + " to " + most
                                 : "above " + least + " and at most " + most;
}

std::string preset_names() {
    std::string names;
    for (const Preset preset : presets) names += (names.empty() ? "" : ", ") + std::string(to_text(preset));
    return names;
}

// Reads one option from the value of one field.
class OptionReader {
public:
    OptionReader(
        JsonReader& json, const Limits& limits, std::string_view path, JsonKind kind, Value& value,
        CaptionOptions& options
    )
        : json_(json), limits_(limits), path_(path), kind_(kind), value_(value), options_(options) {}

    Result<void> operator()(std::monostate) { panic("a field without an option"); }

    Result<void> operator()(const TextOption& option) {
        const SharedText text = TRY(read_text());
        const std::size_t bytes = text.view().size();
        if (bytes > limits_.prompt_bytes_max) {
            return fail(
                ErrorCode::prompt_too_long, std::string(path_) + " has " + std::to_string(bytes) +
                                                " bytes; shorten it to " +
                                                std::to_string(limits_.prompt_bytes_max) + " or fewer"
            );
        }
        options_.*option.target = std::string(text.view());
        return {};
    }

    Result<void> operator()(const WholeOption& option) {
        if (kind_ == JsonKind::string) return refuse_quoted("a whole number");
        if (kind_ != JsonKind::number) return wrong_type(path_, "a whole number", kind_);
        const std::string_view token = json_.token(value_);
        options_.*option.target = whole_number(token);
        if (options_.*option.target) return {};
        return refuse(
            path_, "must be a whole number from 0 to " + std::to_string(whole_number_max) +
                       ", such as 40, not " + shown(token)
        );
    }

    Result<void> operator()(const RealOption& option) {
        if (kind_ == JsonKind::string) return refuse_quoted("a number");
        if (kind_ != JsonKind::number) return wrong_type(path_, "a number", kind_);
        const std::string_view token = json_.token(value_);
        const double number = real_number(token);
        const bool low = number < option.least || (number == option.least && !option.least_is_legal);
        if (low || number > option.most)
            return refuse(path_, "must be a number " + range_of(option) + ", not " + shown(token));
        options_.*option.target = number;
        return {};
    }

    Result<void> operator()(const FlagOption& option) {
        options_.*option.target = TRY(read_boolean(json_, path_, value_));
        return {};
    }

    Result<void> operator()(const SwitchOption& option) {
        options_.*option.target = TRY(read_boolean(json_, path_, value_));
        return {};
    }

    Result<void> operator()(const ListOption& option) {
        std::vector<std::string>& list = options_.*option.target;
        if (kind_ == JsonKind::string) return add(list, TRY(json_.string(value_)), std::string(path_));
        if (kind_ != JsonKind::array) return wrong_type(path_, "a string or an array of strings", kind_);
        const std::size_t count_max = limits_.*option.count_max;
        // The list is read to its end even after an error: the rest of the item follows it.
        Result<void> outcome;
        TRY(json_.elements(value_, [&](Value& element) -> Result<void> {
            if (!outcome) return json_.skip(element);
            const std::string path = std::string(path_) + "[" + std::to_string(list.size()) + "]";
            const JsonKind kind = TRY(json_.kind(element));
            if (kind == JsonKind::string && list.size() < count_max) {
                outcome = add(list, TRY(json_.string(element)), path);
                return {};
            }
            outcome = wrong_type(path, "a string", kind);
            if (list.size() == count_max)
                outcome =
                    refuse(path_, "holds more than " + std::to_string(count_max) + " texts; send fewer");
            return json_.skip(element);
        }));
        return outcome;
    }

    Result<void> operator()(const PresetOption& option) {
        const SharedText name = TRY(read_text());
        const auto* const found =
            std::ranges::find_if(presets, [&](Preset preset) { return to_text(preset) == name.view(); });
        if (found == presets.end())
            return refuse(path_, "must be one of " + preset_names() + ", not \"" + shown(name.view()) + "\"");
        options_.*option.target = *found;
        return {};
    }

    Result<void> operator()(const SchemaOption& option) {
        if (kind_ != JsonKind::object)
            return wrong_type(path_, R"(a JSON schema, such as {"type": "object"})", kind_);
        const std::string_view text = TRY(json_.raw(value_));
        if (text.size() > limits_.schema_bytes_max) {
            return refuse(
                path_, "has " + std::to_string(text.size()) + " bytes; shorten it to " +
                           std::to_string(limits_.schema_bytes_max) + " or fewer"
            );
        }
        options_.*option.target = std::string(text);
        return {};
    }

private:
    Result<SharedText> read_text() {
        if (kind_ != JsonKind::string) return wrong_type(path_, "a string", kind_);
        return json_.string(value_);
    }

    std::unexpected<Error> refuse_quoted(std::string_view wanted) {
        const Result<SharedText> text = json_.string(value_);
        if (!text) return std::unexpected(text.error());
        std::string message = "must be " + std::string(wanted) + ", not a string";
        const double number = real_number(text->view());
        if (std::isfinite(number)) {
            message +=
                ": write " + std::string(text->view()) + " instead of \"" + std::string(text->view()) + "\"";
        }
        return refuse(path_, std::move(message));
    }

    Result<void> add(std::vector<std::string>& list, const SharedText& text, const std::string& path) const {
        const std::size_t bytes = text.view().size();
        if (bytes == 0) return refuse(path, "is empty; leave it out");
        if (bytes > limits_.word_bytes_max) {
            return refuse(
                path, "has " + std::to_string(bytes) + " bytes; shorten it to " +
                          std::to_string(limits_.word_bytes_max) + " or fewer"
            );
        }
        list.emplace_back(text.view());
        return {};
    }

    JsonReader& json_;
    const Limits& limits_;
    const std::string_view path_;
    const JsonKind kind_;
    Value& value_;
    CaptionOptions& options_;
};

}  // namespace

Result<void> read_option(
    JsonReader& json, const Limits& limits, std::string_view path, const Option& option, Value& value,
    CaptionOptions& options
) {
    const JsonKind kind = TRY(json.kind(value));
    return std::visit(OptionReader(json, limits, path, kind, value, options), option);
}

void copy_option(const Option& option, const CaptionOptions& from, CaptionOptions& to) {
    std::visit(
        [&](const auto& one) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, std::monostate>)
                to.*one.target = from.*one.target;
        },
        option
    );
}

}  // namespace vignette
