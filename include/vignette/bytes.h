// Raw bytes, and text that is shared instead of copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vignette {

// Leaves new elements as they are: zeroing what is overwritten at once costs a picture 5 to 10 % of its decoding.
template <class T>
struct Uninitialised : std::allocator<T> {
    template <class U>
    struct rebind {  // NOLINT(readability-identifier-naming): the name allocators must use
        using other = Uninitialised<U>;
    };
    template <class U>
    void construct(U* place) noexcept {
        ::new (static_cast<void*>(place)) U;
    }
    template <class U, class... Args>
    void construct(U* place, Args&&... args) {
        ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
    }
};

using Bytes = std::vector<std::byte, Uninitialised<std::byte>>;
using Samples = std::vector<std::uint8_t, Uninitialised<std::uint8_t>>;

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
