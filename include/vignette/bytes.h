// Raw bytes, and text that is shared instead of copied.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vignette {

using Bytes = std::vector<std::byte>;

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

// A piece of a request body. Shared, because the pictures of a request all lie in the one body, which may be
// 20 MB: a job takes views of it with itself instead of copies.
class SharedText {
public:
    SharedText() = default;
    explicit SharedText(std::string text)
        : owner_(std::make_shared<const std::string>(std::move(text))), view_(*owner_) {}

    SharedText part(std::string_view inside) const {  // `inside` must lie in view()
        SharedText piece = *this;
        piece.view_ = inside;
        return piece;
    }
    std::string_view view() const { return view_; }

private:
    std::shared_ptr<const std::string> owner_;
    std::string_view view_;
};

}  // namespace vignette
