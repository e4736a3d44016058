#include "caption/wording/boxes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "vignette/invariant.h"

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

Json parsed(const std::string& text) { return Json::parse(text, nullptr, false); }

// Of a list that was cut off: the items that were whole, which end with one of the last brackets. A label may
// hold brackets, too.
Json whole_items(std::string_view said) {
    for (std::size_t left = said.size(); left > 0;) {
        left = said.substr(0, left).rfind('}');
        if (left == std::string_view::npos) break;
        Json list = parsed(std::string(said.substr(0, left + 1)) + "]");
        if (list.is_array()) return list;
    }
    return Json::array();
}

// A side of a box; models are not always within the picture.
std::int32_t scaled(double at, std::int32_t told_in, std::int32_t picture) {
    return static_cast<std::int32_t>(std::lround(std::clamp(at / told_in, 0.0, 1.0) * picture));
}

}  // namespace

FoundBoxes find_boxes(std::string_view said, Size told_in, Size picture) {
    ASSERT(told_in.width > 0 && told_in.height > 0);
    FoundBoxes found;
    Json list = parsed(std::string(said));
    found.cut_short = !list.is_array();
    if (found.cut_short) list = whole_items(said);
    Json boxes = Json::array();
    for (const Json& one : list) {
        const auto sides = one.at("bbox_2d").get<std::vector<double>>();
        const auto across = [&](std::size_t i) { return scaled(sides.at(i), told_in.width, picture.width); };
        const auto down = [&](std::size_t i) { return scaled(sides.at(i), told_in.height, picture.height); };
        const auto [left, right] = std::minmax({across(0), across(2)});
        const auto [top, bottom] = std::minmax({down(1), down(3)});
        if (left == right || top == bottom) {
            ++found.without_area;
        } else {
            boxes.push_back(Json{{"label", one.at("label")}, {"box", {left, top, right, bottom}}});
        }
    }
    found.text = boxes.dump();
    return found;
}

}  // namespace vignette
