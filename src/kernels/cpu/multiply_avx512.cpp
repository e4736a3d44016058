#ifdef __x86_64__

#include "kernels/cpu/multiply_avx512.h"

namespace vignette {

const Kernels avx512_kernels{"avx512",        run<Float32>, run<Float16>, run<Bfloat16>, run<Int8>,
                             attend<Float32>, normalise,    turn,         gate};

}  // namespace vignette

#endif
