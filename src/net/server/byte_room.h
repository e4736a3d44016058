// Room for so many bytes, shared by many. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>

namespace vignette {

class ByteRoom {
public:
    explicit ByteRoom(std::size_t bytes_max) : left_(bytes_max) {}

    // Gives the room back when it is destroyed. Must not outlive the room.
    class Lease {
    public:
        Lease(ByteRoom& room, std::size_t bytes) : room_(&room), bytes_(bytes) {}
        Lease(Lease&& other) noexcept : room_(other.room_), bytes_(other.bytes_) { other.bytes_ = 0; }
        Lease& operator=(Lease&&) = delete;
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease() { room_->left_ += bytes_; }

    private:
        ByteRoom* room_;
        std::size_t bytes_;
    };

    std::optional<Lease> take(std::size_t bytes) {
        std::size_t left = left_;
        do {
            if (bytes > left) return std::nullopt;
        } while (!left_.compare_exchange_weak(left, left - bytes));
        return Lease(*this, bytes);
    }

private:
    std::atomic<std::size_t> left_;
};

}  // namespace vignette
