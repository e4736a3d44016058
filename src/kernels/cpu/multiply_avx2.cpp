#ifdef __x86_64__

#include <immintrin.h>

#include "kernels/cpu/attend.h"
#include "kernels/cpu/between.h"
#include "kernels/cpu/tiles.h"

namespace vignette {
namespace {

struct FloatLanes {
    static constexpr bool scaled = false;
    static constexpr std::size_t width = 8;
    using Input = float;
    using Values = __m256;
    using Sums = __m256;
    static Sums none() { return _mm256_setzero_ps(); }
    static Values inputs(const float* from) { return _mm256_loadu_ps(from); }
    static Sums multiply_add(Sums sums, Values a, Values b) { return _mm256_fmadd_ps(a, b, sums); }
    static Sums add(Sums a, Sums b) { return _mm256_add_ps(a, b); }
    static float total(Sums sums) {
        __m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
        four = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
    }
};

struct Float32 : FloatLanes {
    using Weight = float;
    static Values weights(const float* from) { return _mm256_loadu_ps(from); }
};

__m128i eight_halves(const std::uint16_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

struct Float16 : FloatLanes {
    using Weight = std::uint16_t;
    static Values weights(const std::uint16_t* from) { return _mm256_cvtph_ps(eight_halves(from)); }
};

struct Bfloat16 : FloatLanes {
    using Weight = std::uint16_t;
    static Values weights(const std::uint16_t* from) {
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight_halves(from)), 16));
    }
};

struct Int8 {
    static constexpr bool scaled = true;
    static constexpr std::size_t width = 16;
    using Input = std::int16_t;
    using Weight = std::int8_t;
    using Values = __m256i;
    using Sums = __m256i;
    static Sums none() { return _mm256_setzero_si256(); }
    static Values inputs(const std::int16_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static Values weights(const std::int8_t* from) {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static Sums multiply_add(Sums sums, Values a, Values b) {
        return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
    }
    static Sums add(Sums a, Sums b) { return _mm256_add_epi32(a, b); }
    static std::int64_t total(Sums sums) {
        alignas(32) std::int32_t lanes[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sums);
        std::int64_t total = 0;
        for (const std::int32_t lane : lanes) total += lane;
        return total;
    }
};

}  // namespace

const Kernels avx2_kernels{"avx2",          run<Float32>, run<Float16>, run<Bfloat16>, run<Int8>,
                           attend<Float32>, normalise,    turn,         gate};

}  // namespace vignette

#endif
