// The lanes of AVX-512, with and without its instruction for products of 16-bit numbers. Private to
// multiply_avx512.cpp and multiply_vnni.cpp.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/attend.h"
#include "kernels/cpu/between.h"
#include "kernels/cpu/tiles.h"

namespace vignette {
namespace {

struct FloatLanes {
    static constexpr bool scaled = false;
    static constexpr std::size_t width = 16;
    using Input = float;
    using Values = __m512;
    using Sums = __m512;
    static Sums none() { return _mm512_setzero_ps(); }
    static Values inputs(const float* from) { return _mm512_loadu_ps(from); }
    static Sums multiply_add(Sums sums, Values a, Values b) { return _mm512_fmadd_ps(a, b, sums); }
    static Sums add(Sums a, Sums b) { return _mm512_add_ps(a, b); }
    static float total(Sums sums) { return _mm512_reduce_add_ps(sums); }
};

struct Float32 : FloatLanes {
    using Weight = float;
    static Values weights(const float* from) { return _mm512_loadu_ps(from); }
};

struct Float16 : FloatLanes {
    using Weight = std::uint16_t;
    static Values weights(const std::uint16_t* from) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    }
};

struct Bfloat16 : FloatLanes {
    using Weight = std::uint16_t;
    static Values weights(const std::uint16_t* from) {
        const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
    }
};

struct Int8 {
    static constexpr bool scaled = true;
    static constexpr std::size_t width = 32;
    using Input = std::int16_t;
    using Weight = std::int8_t;
    using Values = __m512i;
    using Sums = __m512i;
    static Sums none() { return _mm512_setzero_si512(); }
    static Values inputs(const std::int16_t* from) { return _mm512_loadu_si512(from); }
    static Values weights(const std::int8_t* from) {
        return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    }
    static Sums multiply_add(Sums sums, Values a, Values b) {
#ifdef __AVX512VNNI__
        return _mm512_dpwssd_epi32(sums, a, b);
#else
        return _mm512_add_epi32(sums, _mm512_madd_epi16(a, b));
#endif
    }
    static Sums add(Sums a, Sums b) { return _mm512_add_epi32(a, b); }
    static std::int64_t total(Sums sums) {
        const __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(sums));
        const __m512i high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(sums, 1));
        return _mm512_reduce_add_epi64(_mm512_add_epi64(low, high));
    }
};

}  // namespace
}  // namespace vignette
