// What test/model/make_fixtures.py made: a bundle and what the reference computes for it. VIGNETTE_FIXTURES
// is the folder (a compile definition, which an environment variable of that name overrides).
#pragma once

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "model/manifest.h"
#include "model/safetensors.h"
#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/invariant.h"

namespace vignette {

inline std::filesystem::path fixtures() {
    const char* folder = std::getenv("VIGNETTE_FIXTURES");
    return folder != nullptr ? folder : VIGNETTE_FIXTURES;
}

inline std::filesystem::path golden_bundle() { return fixtures() / "bundle"; }

inline Manifest golden_manifest() { return read_manifest(golden_bundle()).value(); }

class Golden {
public:
    Golden() : file_(Safetensors::open(fixtures() / "golden.safetensors").value()) {}

    int pictures() const {
        int count = 0;
        while (file_.find("image." + std::to_string(count)) != nullptr) ++count;
        return count;
    }

    Image image(int number) const {
        const TensorView& view = tensor("image", number);
        Image image;
        image.size = {
            .width = static_cast<std::int32_t>(view.shape[1]),
            .height = static_cast<std::int32_t>(view.shape[0])
        };
        const std::vector<std::uint8_t> rgb = numbers<std::uint8_t>("image", number);
        image.rgb.assign(rgb.begin(), rgb.end());
        return image;
    }

    std::vector<TokenId> tokens(const std::string& name, int number) const {
        std::vector<TokenId> tokens;
        for (const std::int64_t token : numbers<std::int64_t>(name, number))
            tokens.push_back(TokenId{static_cast<std::int32_t>(token)});
        return tokens;
    }

    std::vector<float> floats(const std::string& name, int number) const {
        return numbers<float>(name, number);
    }

private:
    const TensorView& tensor(const std::string& name, int number) const {
        const TensorView* view = file_.find(name + "." + std::to_string(number));
        ASSERT(view != nullptr);
        return *view;
    }

    template <class T>
    std::vector<T> numbers(const std::string& name, int number) const {
        const TensorView& view = tensor(name, number);
        ASSERT(bytes_of(view.type) == sizeof(T));
        std::vector<T> values(view.bytes.size() / sizeof(T));
        std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
        return values;
    }

    Safetensors file_;
};

}  // namespace vignette
