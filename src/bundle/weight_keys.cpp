#include "bundle/weight_keys.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "bundle/json_view.h"

namespace vignette {
namespace {

constexpr std::size_t names_max = 100'000;
constexpr std::size_t told_max = 3;

std::unexpected<Error> wrong(std::string_view pattern) {
    return fail(
        ErrorCode::bundle_invalid, "weights.keys has the pattern \"" + printable(pattern) +
                                       "\", which cannot be read; export the bundle again with scripts/export"
    );
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value >= names_max) return std::nullopt;
    return value;
}

// Of what is between the brackets. Empty where that is malformed.
std::vector<std::string> alternatives(std::string_view choice) {
    std::vector<std::string> words;
    if (const std::size_t dots = choice.find(".."); dots != choice.npos) {
        const std::optional<std::size_t> first = number(choice.substr(0, dots));
        const std::optional<std::size_t> last = number(choice.substr(dots + 2));
        if (!first || !last) return {};
        for (std::size_t at = *first; at <= *last; ++at) words.push_back(std::to_string(at));
        return words;
    }
    for (std::size_t begin = 0; begin <= choice.size();) {
        const std::size_t end = std::min(choice.find(',', begin), choice.size());
        words.emplace_back(choice.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

// "a, b, c and 4 more"
std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), told_max); ++i) text += (i > 0 ? ", " : "") + names[i];
    if (names.size() > told_max) text += " and " + std::to_string(names.size() - told_max) + " more";
    return text;
}

bool is_float(TensorType type) {
    switch (type) {
        case TensorType::f64:
        case TensorType::f32:
        case TensorType::f16:
        case TensorType::bf16: return true;
        case TensorType::i64:
        case TensorType::i32:
        case TensorType::i16:
        case TensorType::i8:
        case TensorType::u8:
        case TensorType::boolean: return false;
    }
    return false;
}

}  // namespace

Result<std::vector<std::string>> expand_pattern(std::string_view pattern) {
    std::vector<std::string> names{""};
    for (std::size_t at = 0; at < pattern.size();) {
        const std::size_t open = std::min(pattern.find('{', at), pattern.size());
        for (std::string& name : names) name += pattern.substr(at, open - at);
        if (open == pattern.size()) break;
        const std::size_t close = pattern.find('}', open);
        if (close == pattern.npos) return wrong(pattern);
        const std::vector<std::string> words = alternatives(pattern.substr(open + 1, close - open - 1));
        if (words.empty() || names.size() > names_max / words.size()) return wrong(pattern);
        std::vector<std::string> longer;
        longer.reserve(names.size() * words.size());
        for (const std::string& name : names) {
            for (const std::string& word : words) longer.push_back(name + word);
        }
        names = std::move(longer);
        at = close + 1;
    }
    return names;
}

Result<std::vector<WeightKey>> expand_keys(const std::vector<WeightKey>& keys) {
    std::vector<WeightKey> all;
    for (const WeightKey& key : keys) {
        for (std::string& name : TRY(expand_pattern(key.name)))
            all.push_back({.name = std::move(name), .shape = key.shape});
        if (all.size() > names_max) return wrong(key.name);
    }
    return all;
}

std::vector<Error> check_keys(
    const WeightsSpec& spec, const std::vector<WeightKey>& wanted, const WeightFiles& files,
    std::string_view remedy
) {
    std::vector<std::string> missing;
    std::vector<std::string> other_shape;
    std::vector<std::string> no_float;
    for (const WeightKey& key : wanted) {
        const std::optional<FoundTensor> found = files.find(key.name, spec);
        if (!found) {
            missing.push_back(key.name);
        } else if (found->view->shape != key.shape) {
            other_shape.push_back(
                key.name + " (" + shape_text(found->view->shape) + ", not " + shape_text(key.shape) + ")"
            );
        } else if (!is_float(found->view->type)) {
            no_float.push_back(key.name + " (" + std::string(to_text(found->view->type)) + ")");
        }
    }
    std::vector<Error> problems;
    const auto report = [&](const char* what, const std::vector<std::string>& names) {
        if (names.empty()) return;
        problems.push_back(
            {.code = ErrorCode::weights_invalid,
             .message = what + joined(names) + "; " + std::string(remedy),
             .field = {}}
        );
    };
    report("the weights lack ", missing);
    report("these weights have a different shape than the program expects: ", other_shape);
    report("these weights are not floating point: ", no_float);
    return problems;
}

}  // namespace vignette
