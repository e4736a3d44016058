// cuBLAS and cuBLASLt as far as torch's products of matrices need them. Their arguments are not looked at, so
// the declarations need no header.
#include <cstring>

#include "noop.h"

using namespace noop;

namespace {

constexpr int success = 0;
constexpr int execution_failed = 13;

int product() {
    count(counters.products);
    return is_lost() ? execution_failed : success;
}

int make(void** handle) {
    *handle = new_handle();
    return success;
}

}  // namespace

extern "C" {

int cublasCreate_v2(void** handle) { return make(handle); }
int cublasDestroy_v2(void*) { return success; }
int cublasSetStream_v2(...) { return success; }
int cublasSetWorkspace_v2(...) { return success; }
int cublasSetMathMode(...) { return success; }
int cublasSetPointerMode_v2(...) { return success; }

int cublasGetMathMode(void*, int* mode) {
    *mode = 0;
    return success;
}

int cublasGetPointerMode_v2(void*, int* mode) {
    *mode = 0;
    return success;
}

int cublasGemmEx(...) { return product(); }
int cublasGemmStridedBatchedEx(...) { return product(); }
int cublasSgemm_v2(...) { return product(); }
int cublasSgemmEx(...) { return product(); }
int cublasSgemmStridedBatched(...) { return product(); }
int cublasSgemv_v2(...) { return product(); }

std::size_t cublasLtGetVersion() { return 130100; }
int cublasLtMatmul(...) { return product(); }

int cublasLtMatmulDescCreate(void** made, ...) { return make(made); }
int cublasLtMatmulDescSetAttribute(...) { return success; }
int cublasLtMatmulDescDestroy(void*) { return success; }
int cublasLtMatrixLayoutCreate(void** made, ...) { return make(made); }
int cublasLtMatrixLayoutSetAttribute(...) { return success; }
int cublasLtMatrixLayoutDestroy(void*) { return success; }
int cublasLtMatmulPreferenceCreate(void** made, ...) { return make(made); }
int cublasLtMatmulPreferenceSetAttribute(...) { return success; }
int cublasLtMatmulPreferenceDestroy(void*) { return success; }

// One algorithm for every product, and of the result only that it is fine.
int cublasLtMatmulAlgoGetHeuristic(
    void*, void*, void*, void*, void*, void*, void*, int, void* results, int* found
) {
    constexpr std::size_t result_bytes = 96;
    std::memset(results, 0, result_bytes);
    *found = 1;
    return success;
}

}  // extern "C"
