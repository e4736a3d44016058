// The memory of the GPU, which all models of this process share: each takes what it needs when it opens, and
// leaves the others what they need for their steps. Private to the torch side of model/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "bundle/footprint.h"
#include "bundle/manifest.h"
#include "core/mutex.h"
#include "model/torch_lean.h"
#include "vignette/error.h"

namespace vignette {

// Held while a model opens: two at once would both count on the same free memory. None on the CPU.
class TurnToOpen {
public:
    explicit TurnToOpen(const at::Device& device);

private:
    std::optional<MutexLock> lock_;
};

// Before anything of a model is uploaded: whether its weights and the slots it cannot do without find room.
Result<void> check_room(
    const Manifest& manifest, const std::filesystem::path& bundle, int slots, const at::Device& device
);

// For the slots of a model that opens: what is free, but for what the others need. None on the CPU.
FreeOnGpu room_for_slots(const at::Device& device);

// What an opened model's steps need beyond its weights and its slots, while this lives.
class RoomForWork {
public:
    // Of what is free when the model has its slots.
    explicit RoomForWork(const at::Device& device);
    ~RoomForWork();
    RoomForWork(RoomForWork&& other) noexcept;
    RoomForWork& operator=(RoomForWork&&) = delete;

private:
    std::uint64_t bytes_ = 0;
};

}  // namespace vignette
