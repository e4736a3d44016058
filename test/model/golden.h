// What test/model/make_fixtures.py made: bundles and what the reference computes for them. VIGNETTE_FIXTURES
// is the folder (a compile definition, which an environment variable of that name overrides).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "bundle/safetensors.h"
#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/invariant.h"

namespace vignette {

// How far two computations of the same number may be apart: what scripts/py/rounding.py allows, and why.
// `into`: the numbers that go in; the largest counts.
inline double rounding(std::span<const float> into) {
    return 3e-5 * double{std::abs(*std::ranges::max_element(into, {}, [](float x) { return std::abs(x); }))};
}

// Each of which has a bundle; "llava_next_video", whose pictures are LLaVA-NeXT's, has one too.
inline constexpr std::array captioner_families{"blip2-opt",   "blip2-t5",   "blip",    "llava-next",
                                               "video_llava", "qwen2_5_vl", "qwen3_vl"};

inline std::filesystem::path fixtures() {
    const char* folder = std::getenv("VIGNETTE_FIXTURES");
    return folder != nullptr ? folder : VIGNETTE_FIXTURES;
}

inline std::filesystem::path golden_bundle(const std::string& family = "blip2-opt") {
    return fixtures() / family / "bundle";
}

inline Manifest golden_manifest(const std::string& family = "blip2-opt") {
    return read_manifest(golden_bundle(family)).value();
}

// Tensors by name; `numbered` says how many there are of NAME.0, NAME.1, ...
class Golden {
public:
    explicit Golden(const std::filesystem::path& file)
        : file_(Safetensors::open(fixtures() / file).value()) {}

    int numbered(const std::string& name) const {
        int count = 0;
        while (file_.find(name + "." + std::to_string(count)) != nullptr) ++count;
        return count;
    }

    Image image(const std::string& name) const {
        const TensorView& view = tensor(name);
        Image image;
        image.size = {
            .width = static_cast<std::int32_t>(view.shape[1]),
            .height = static_cast<std::int32_t>(view.shape[0])
        };
        const std::vector<std::uint8_t> rgb = numbers<std::uint8_t>(name);
        image.rgb.assign(rgb.begin(), rgb.end());
        return image;
    }

    std::vector<TokenId> tokens(const std::string& name) const {
        std::vector<TokenId> tokens;
        for (const std::int64_t token : numbers<std::int64_t>(name))
            tokens.push_back(TokenId{static_cast<std::int32_t>(token)});
        return tokens;
    }

    std::vector<float> floats(const std::string& name) const { return numbers<float>(name); }

    std::span<const std::int64_t> shape(const std::string& name) const { return tensor(name).shape; }

    template <class T>
    std::vector<T> numbers(const std::string& name) const {
        const TensorView& view = tensor(name);
        ASSERT(bytes_of(view.type) == sizeof(T));
        std::vector<T> values(view.bytes.size() / sizeof(T));
        if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
        return values;
    }

private:
    const TensorView& tensor(const std::string& name) const {
        const TensorView* view = file_.find(name);
        ASSERT(view != nullptr);
        return *view;
    }

    Safetensors file_;
};

}  // namespace vignette
