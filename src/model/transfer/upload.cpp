#include "model/transfer/upload.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "core/thread_pool.h"

namespace vignette {
namespace {

constexpr int buffers = 4;  // and as many threads that read
constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t place) { return (place + alignment - 1) / alignment * alignment; }

}  // namespace

struct Upload::Buffer {
    at::Tensor memory;
    std::promise<Result<void>> filled;
    std::optional<c10::Event> emptied;  // where the device copies on its own

    std::byte* at(std::size_t place) const {
        return static_cast<std::byte*>(memory.mutable_data_ptr()) + place;
    }
    void emptied_after(const at::Device& device) {
        if (device.is_cpu()) return;
        const c10::impl::VirtualGuardImpl guard(device.type());
        emptied.emplace(device.type());
        emptied->record(guard.getStream(device));
    }
    void wait_until_emptied() const {
        if (emptied) emptied->synchronize();
    }
};

void Upload::add(const FoundTensor& from, at::ScalarType stored, at::ScalarType wanted, at::Tensor& to) {
    items_.push_back({.from = from, .stored = stored, .wanted = wanted, .to = &to, .arriving = {}});
}

Result<void> Upload::run() {
    if (items_.empty()) return {};
    const std::vector<Load> loads = plan();
    std::array<Buffer, buffers> ring;
    const auto options = at::TensorOptions(at::kByte).pinned_memory(!device_.is_cpu());
    for (std::size_t i = 0; i < std::min(ring.size(), loads.size()); ++i)
        ring.at(i).memory = at::empty({static_cast<std::int64_t>(buffer_bytes_)}, options);
    ThreadPool readers(buffers);  // after what they write to
    std::array<std::future<Result<void>>, buffers> filled;
    const auto begin = [&](std::size_t number) {
        if (number >= loads.size()) return;
        Buffer& buffer = ring.at(number % buffers);
        buffer.wait_until_emptied();
        buffer.filled = {};
        filled.at(number % buffers) = buffer.filled.get_future();
        readers.add([this, &buffer, &load = loads[number]] { read(buffer, load); });
    };
    for (std::size_t i = 0; i < buffers; ++i) begin(i);
    for (std::size_t i = 0; i < loads.size(); ++i) {
        TRY(filled.at(i % buffers).get());
        send(ring.at(i % buffers), loads[i]);
        ring.at(i % buffers).emptied_after(device_);
        begin(i + buffers);
    }
    for (Item& item : items_)
        if (item.from.view->bytes.empty()) finish(item);
    items_.clear();
    return {};
}

// In the order of the files, so that a disk is read from front to back.
std::vector<Upload::Load> Upload::plan() {
    std::ranges::sort(items_, std::less<>{}, [](const Item& item) { return item.from.view->bytes.data(); });
    std::vector<Load> loads;
    std::size_t place = buffer_bytes_;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const std::size_t bytes = items_[i].from.view->bytes.size();
        for (std::size_t begin = 0; begin < bytes;) {
            if (place >= buffer_bytes_) {
                loads.emplace_back();
                place = 0;
            }
            const std::size_t taken = std::min(bytes - begin, buffer_bytes_ - place);
            loads.back().push_back({.item = i, .begin = begin, .bytes = taken, .place = place});
            begin += taken;
            place = aligned(place + taken);
        }
    }
    return loads;
}

void Upload::read(Buffer& buffer, const Load& load) const {
    Result<void> outcome;
    for (const Piece& piece : load) {
        const FoundTensor& from = items_[piece.item].from;
        outcome = from.file->read(
            from.view->bytes.subspan(piece.begin, piece.bytes), {buffer.at(piece.place), piece.bytes}
        );
        if (!outcome) break;
    }
    buffer.filled.set_value(std::move(outcome));
}

void Upload::send(const Buffer& buffer, const Load& load) {
    for (const Piece& piece : load) {
        Item& item = items_[piece.item];
        const auto bytes = static_cast<std::int64_t>(piece.bytes);
        if (piece.begin == 0) make_room(item);
        const at::Tensor to = item.arriving.view(-1).view(at::kByte);
        to.narrow(0, static_cast<std::int64_t>(piece.begin), bytes)
            .copy_(
                buffer.memory.narrow(0, static_cast<std::int64_t>(piece.place), bytes), /*non_blocking=*/true
            );
        if (piece.begin + piece.bytes == item.from.view->bytes.size()) finish(item);
    }
}

void Upload::make_room(Item& item) const {
    const bool has_place = item.to->defined() && item.stored == item.wanted;
    item.arriving =
        has_place ? *item.to : at::empty(item.from.view->shape, at::device(device_).dtype(item.stored));
}

// Cast on the device, one after the other: never more than one tensor is there twice.
void Upload::finish(Item& item) const {
    if (!item.arriving.defined()) make_room(item);
    if (!item.to->defined()) {
        *item.to = item.arriving.to(item.wanted);
    } else if (!item.to->is_alias_of(item.arriving)) {
        item.to->copy_(item.arriving);
    }
    item.arriving.reset();
}

}  // namespace vignette
