// What is wanted back from the device, brought in one piece. Private to choose*.cpp.
#pragma once

#include <c10/core/Event.h>

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/torch_lean.h"

namespace vignette {

class ReadBack {
public:
    struct Part {
        std::size_t first = 0;
        std::size_t count = 0;
        std::size_t stride = 1;
    };
    struct Largest {
        at::Tensor indices;  // of each row, [rows,1]
        Part value_part;
        Part index_part;
    };

    // Floats, or indices below 2^31.
    Part add(const at::Tensor& numbers);

    // The first of the largest of each row, which max promises and topk does not; both numbers in one piece
    // of memory, which then travels as it is.
    Largest add_largest(const at::Tensor& rows);

    // Asks for them, after what has been queued so far.
    void send();

    // The one wait: afterwards all parts are here.
    void wait();

    float number(const Part& part, std::size_t place) const { return std::bit_cast<float>(at(part, place)); }
    std::int64_t index(const Part& part, std::size_t place) const { return at(part, place); }

private:
    std::int32_t at(const Part& part, std::size_t place) const {
        return here_.const_data_ptr<std::int32_t>()[part.first + place * part.stride];
    }

    std::vector<at::Tensor> parts_;
    std::size_t count_ = 0;
    at::Tensor here_;
    std::optional<c10::Event> arrived_;  // none: they were here from the start
};

}  // namespace vignette
