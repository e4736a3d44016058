// Tensors on their way from files to a GPU: threads read them into pinned buffers, from which the GPU copies
// while the next are read. Private to the torch side of model/.
#pragma once

#include <cstddef>
#include <vector>

#include "bundle/weight_files.h"
#include "model/torch_lean.h"
#include "vignette/error.h"

namespace vignette {

class Upload {
public:
    static constexpr std::size_t buffer_bytes_default = std::size_t{32} << 20U;

    explicit Upload(at::Device device, std::size_t buffer_bytes = buffer_bytes_default)
        : device_(device), buffer_bytes_(buffer_bytes) {}

    // Of the type `stored` in its file, made `wanted` on the device. `to` is defined once run() has returned;
    // where it is already, its memory is filled.
    void add(const FoundTensor& from, at::ScalarType stored, at::ScalarType wanted, at::Tensor& to);

    // On the current stream: what is queued there afterwards finds the tensors whole. Throws what torch
    // throws.
    Result<void> run();

private:
    struct Item {
        FoundTensor from;
        at::ScalarType stored;
        at::ScalarType wanted;
        at::Tensor* to;
        at::Tensor arriving;
    };
    struct Piece {  // of an item, in a buffer
        std::size_t item = 0;
        std::size_t begin = 0;
        std::size_t bytes = 0;
        std::size_t place = 0;
    };
    using Load = std::vector<Piece>;  // of one buffer
    struct Buffer;

    std::vector<Load> plan();
    void read(Buffer& buffer, const Load& load) const;
    void send(const Buffer& buffer, const Load& load);
    void make_room(Item& item) const;
    void finish(Item& item) const;

    const at::Device device_;
    const std::size_t buffer_bytes_;
    std::vector<Item> items_;
};

}  // namespace vignette
