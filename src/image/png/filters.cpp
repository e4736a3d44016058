#include "image/png/filters.h"

#include <cstdlib>
#include <cstring>

#include "vignette/invariant.h"

namespace vignette {
namespace {

using Row = std::span<std::uint8_t>;
using Above = std::span<const std::uint8_t>;

void add_left(Row row, std::size_t pixel) {
    for (std::size_t i = pixel; i < row.size(); ++i)
        row[i] = static_cast<std::uint8_t>(row[i] + row[i - pixel]);
}

void add_above(Row row, Above above) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::uint8_t>(row[i] + above[i]);
}

void add_average(Row row, Above above, std::size_t pixel) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        const unsigned left = i < pixel ? 0U : row[i - pixel];
        row[i] = static_cast<std::uint8_t>(row[i] + (left + above[i]) / 2);
    }
}

// Of left, above and the corner between them the one that is nearest to left + above - corner.
int predict(int left, int above, int corner) {
    const int from_left = std::abs(above - corner);
    const int from_above = std::abs(left - corner);
    const int from_corner = std::abs(left + above - 2 * corner);
    if (from_left <= from_above && from_left <= from_corner) return left;
    return from_above <= from_corner ? above : corner;
}

void add_predicted(Row row, Above above, std::size_t pixel) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        const int left = i < pixel ? 0 : row[i - pixel];
        const int corner = i < pixel ? 0 : above[i - pixel];
        row[i] = static_cast<std::uint8_t>(row[i] + predict(left, above[i], corner));
    }
}

// The channels of a pixel side by side, for the two layouts that photographs have: each pixel needs the one
// before it, so that this is all that can be done at once. Four lanes of 16 bits; with three channels the
// fourth is ignored.
using Lanes = std::int16_t __attribute__((vector_size(8)));
using Packed = std::uint8_t __attribute__((vector_size(4)));

template <std::size_t pixel>
Lanes load(const std::uint8_t* from) {
    Packed bytes;
    std::memcpy(&bytes, from, sizeof(bytes));
    return __builtin_convertvector(bytes, Lanes);
}

template <std::size_t pixel>
void store(std::uint8_t* to, Lanes lanes) {
    const Packed bytes = __builtin_convertvector(lanes, Packed);
    std::memcpy(to, &bytes, pixel);
}

template <std::size_t pixel>
void add_predicted_lanes(Row row, Above above) {
    ASSERT(row.size() % pixel == 0 && above.size() == row.size());
    Lanes left{};
    Lanes corner{};
    const auto distance = [](Lanes value) { return value < 0 ? -value : value; };
    for (std::size_t i = 0; i < row.size(); i += pixel) {
        const Lanes up = load<pixel>(above.data() + i);
        const Lanes from_left = distance(up - corner);
        const Lanes from_above = distance(left - corner);
        const Lanes from_corner = distance(left + up - corner - corner);
        const Lanes other = from_above <= from_corner ? up : corner;
        const auto take_left = (from_left <= from_above) & (from_left <= from_corner);
        left = (load<pixel>(row.data() + i) + (take_left ? left : other)) & 0xFF;
        store<pixel>(row.data() + i, left);
        corner = up;
    }
}

template <std::size_t pixel>
void add_average_lanes(Row row, Above above) {
    ASSERT(row.size() % pixel == 0 && above.size() == row.size());
    Lanes left{};
    for (std::size_t i = 0; i < row.size(); i += pixel) {
        left = (load<pixel>(row.data() + i) + ((left + load<pixel>(above.data() + i)) >> 1)) & 0xFF;
        store<pixel>(row.data() + i, left);
    }
}

template <std::size_t pixel>
void add_left_lanes(Row row) {
    ASSERT(row.size() % pixel == 0);
    Lanes left{};
    for (std::size_t i = 0; i < row.size(); i += pixel) {
        left = (load<pixel>(row.data() + i) + left) & 0xFF;
        store<pixel>(row.data() + i, left);
    }
}

}  // namespace

bool undo_png_filter(std::uint32_t filter, Row row, Above above, std::size_t pixel) {
    switch (filter) {
        case 0: return true;
        case 1:
            if (pixel == 3)
                add_left_lanes<3>(row);
            else if (pixel == 4)
                add_left_lanes<4>(row);
            else
                add_left(row, pixel);
            return true;
        case 2: add_above(row, above); return true;
        case 3:
            if (pixel == 3)
                add_average_lanes<3>(row, above);
            else if (pixel == 4)
                add_average_lanes<4>(row, above);
            else
                add_average(row, above, pixel);
            return true;
        case 4:
            if (pixel == 3)
                add_predicted_lanes<3>(row, above);
            else if (pixel == 4)
                add_predicted_lanes<4>(row, above);
            else
                add_predicted(row, above, pixel);
            return true;
        default: return false;
    }
}

}  // namespace vignette
