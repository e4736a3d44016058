#include "bundle/json_view.h"

#include <cmath>
#include <set>

namespace vignette {
namespace {

using nlohmann::json;

constexpr int depth_max = 16;
constexpr std::size_t shown_max = 80;

// Before parsing, because the parser keeps memory for each level.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
            continue;
        }
        if (c == '"') quoted = true;
        if ((c == '{' || c == '[') && ++depth > depth_max) return true;
        if (c == '}' || c == ']') --depth;
    }
    return false;
}

// The parser keeps the last of equal keys; two readers of one file could then see two different files.
class KeysOnce {
public:
    explicit KeysOnce(std::string& twice) : twice_(twice) {}

    bool operator()(int depth, json::parse_event_t event, const json& parsed) {
        const auto level = static_cast<std::size_t>(depth);
        if (event == json::parse_event_t::object_start) {
            if (seen_.size() < level + 2) seen_.resize(level + 2);
            seen_[level + 1].clear();
        }
        if (event == json::parse_event_t::key) {
            const auto& key = parsed.get_ref<const std::string&>();
            if (!seen_[level].insert(key).second) twice_ = key;
        }
        return true;
    }

private:
    std::string& twice_;
    std::vector<std::set<std::string>> seen_;  // by depth
};

std::string_view kind_of(const json& value) {
    switch (value.type()) {
        case json::value_t::null: return "null";
        case json::value_t::object: return "an object";
        case json::value_t::array: return "an array";
        case json::value_t::string: return "a string";
        case json::value_t::boolean: return "a boolean";
        case json::value_t::number_integer:
        case json::value_t::number_unsigned:
        case json::value_t::number_float: return "a number";
        case json::value_t::binary:
        case json::value_t::discarded: break;
    }
    return "something else";
}

std::string shown(const json& value) {
    if (!value.is_number()) return std::string(kind_of(value));
    return value.dump();
}

std::string plain(double value) {
    const json number = value;
    return number.dump();
}

}  // namespace

std::string printable(std::string_view name) {
    std::string text;
    for (const char c : name.substr(0, shown_max)) text += c >= ' ' && c <= '~' ? c : '?';
    return name.size() > shown_max ? text + "…" : text;
}

Result<json> parse_json_object(std::string_view text, const JsonSource& source) {
    const auto refuse = [&](const std::string& what) {
        return fail(source.code, source.file + ": " + what + source.remedy);
    };
    if (too_deep(text)) return refuse("nested deeper than " + std::to_string(depth_max) + " levels");
    try {
        std::string twice;
        json parsed = json::parse(text.begin(), text.end(), KeysOnce(twice));
        if (!twice.empty()) return refuse("the key \"" + printable(twice) + "\" occurs twice");
        if (!parsed.is_object()) return refuse("must be a JSON object, not " + std::string(kind_of(parsed)));
        return parsed;
    } catch (const json::parse_error& thrown) {
        return refuse("not JSON, broken at byte " + std::to_string(thrown.byte));
    } catch (const std::exception& thrown) {
        return refuse("not JSON: " + printable(thrown.what()));
    }
}

std::string JsonView::place() const {
    return path_.empty() ? source_->file + ":" : source_->file + ": " + path_;
}

std::unexpected<Error> JsonView::refuse(std::string_view sentence) const {
    return fail(source_->code, place() + " " + std::string(sentence) + source_->remedy);
}

std::unexpected<Error> JsonView::wrong(std::string_view must) const {
    return refuse("must be " + std::string(must) + ", not " + shown(*value_));
}

bool JsonView::has(std::string_view key) const { return value_->is_object() && value_->contains(key); }

bool JsonView::is_null() const { return value_->is_null(); }

Result<JsonView> JsonView::at(std::string_view key) const {
    if (!value_->is_object()) return wrong("an object");
    std::string path = (path_.empty() ? "" : path_ + ".") + printable(key);
    const auto found = value_->find(key);
    if (found == value_->end()) {
        return fail(source_->code, source_->file + ": " + path + " is missing" + source_->remedy);
    }
    return JsonView(*found, *source_, std::move(path));
}

Result<std::vector<JsonView>> JsonView::items() const {
    if (!value_->is_array()) return wrong("an array");
    std::vector<JsonView> views;
    views.reserve(value_->size());
    for (const json& item : *value_)
        views.push_back(JsonView(item, *source_, path_ + "[" + std::to_string(views.size()) + "]"));
    return views;
}

Result<std::vector<std::pair<std::string, JsonView>>> JsonView::members() const {
    if (!value_->is_object()) return wrong("an object");
    std::vector<std::pair<std::string, JsonView>> views;
    views.reserve(value_->size());
    for (const auto& [key, value] : value_->items()) {
        std::string path = (path_.empty() ? "" : path_ + ".") + printable(key);
        views.emplace_back(key, JsonView(value, *source_, std::move(path)));
    }
    return views;
}

Result<std::string> JsonView::text(std::size_t bytes_max) const {
    if (!value_->is_string()) return wrong("a string");
    const auto& text = value_->get_ref<const std::string&>();
    if (text.size() > bytes_max) {
        return refuse(
            "has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(bytes_max) +
            " are expected"
        );
    }
    return text;
}

Result<std::int64_t> JsonView::whole(std::int64_t min, std::int64_t max) const {
    const std::string must = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
    if (!value_->is_number_integer()) return wrong(must);
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > largest) return wrong(must);
    const auto number = value_->get<std::int64_t>();
    if (number < min || number > max) return wrong(must);
    return number;
}

Result<double> JsonView::number(double min, double max) const {
    const std::string must = "a number from " + plain(min) + " to " + plain(max);
    if (!value_->is_number()) return wrong(must);
    const auto number = value_->get<double>();
    if (!std::isfinite(number) || number < min || number > max) return wrong(must);
    return number;
}

Result<bool> JsonView::boolean() const {
    if (!value_->is_boolean()) return wrong("true or false");
    return value_->get<bool>();
}

std::string JsonView::as_json() const { return value_->dump(); }

}  // namespace vignette
