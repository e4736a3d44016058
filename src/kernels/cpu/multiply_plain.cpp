// For processors that have none of the other sets; also what those are compared with.
#include "kernels/cpu/attend.h"
#include "kernels/cpu/between.h"
#include "kernels/cpu/tiles.h"
#include "kernels/cpu/widen.h"

namespace vignette {
namespace {

template <class Number>
struct Eight {
    Number at[8];
};

template <class Number, class From, class Widen>
Eight<Number> eight(const From* from, Widen widen) {
    Eight<Number> made;
    for (int i = 0; i < 8; ++i) made.at[i] = widen(from[i]);
    return made;
}

template <class Number>
Eight<Number> add_eight(Eight<Number> sums, const Eight<Number>& a, const Eight<Number>& b) {
    for (int i = 0; i < 8; ++i) sums.at[i] += a.at[i] * b.at[i];
    return sums;
}

template <class Number>
Eight<Number> ones() {
    return {{1, 1, 1, 1, 1, 1, 1, 1}};
}

struct FloatLanes {
    static constexpr bool scaled = false;
    static constexpr std::size_t width = 8;
    using Input = float;
    using Values = Eight<float>;
    using Sums = Eight<float>;
    static Sums none() { return {}; }
    static Values inputs(const float* from) {
        return eight<float>(from, [](float value) { return value; });
    }
    static Sums multiply_add(const Sums& sums, const Values& a, const Values& b) {
        return add_eight(sums, a, b);
    }
    static Sums add(const Sums& a, const Sums& b) { return add_eight(a, b, ones<float>()); }
    static float total(const Sums& sums) {
        float total = 0;
        for (const float lane : sums.at) total += lane;
        return total;
    }
};

struct Float32 : FloatLanes {
    using Weight = float;
    static Values weights(const float* from) { return inputs(from); }
};

struct Float16 : FloatLanes {
    using Weight = std::uint16_t;
    static Values weights(const std::uint16_t* from) { return eight<float>(from, widen_float16); }
};

struct Bfloat16 : FloatLanes {
    using Weight = std::uint16_t;
    static Values weights(const std::uint16_t* from) { return eight<float>(from, widen_bfloat16); }
};

struct Int8 {
    static constexpr bool scaled = true;
    static constexpr std::size_t width = 8;
    using Input = std::int16_t;
    using Weight = std::int8_t;
    using Values = Eight<std::int32_t>;
    using Sums = Eight<std::int32_t>;
    static Sums none() { return {}; }
    static Values inputs(const std::int16_t* from) {
        return eight<std::int32_t>(from, [](std::int16_t value) { return std::int32_t{value}; });
    }
    static Values weights(const std::int8_t* from) {
        return eight<std::int32_t>(from, [](std::int8_t value) { return std::int32_t{value}; });
    }
    static Sums multiply_add(const Sums& sums, const Values& a, const Values& b) {
        return add_eight(sums, a, b);
    }
    static Sums add(const Sums& a, const Sums& b) { return add_eight(a, b, ones<std::int32_t>()); }
    static std::int64_t total(const Sums& sums) {
        std::int64_t total = 0;
        for (const std::int32_t lane : sums.at) total += lane;
        return total;
    }
};

}  // namespace

const Kernels plain_kernels{"plain",         run<Float32>, run<Float16>, run<Bfloat16>, run<Int8>,
                            attend<Float32>, normalise,    turn,         gate};

}  // namespace vignette
