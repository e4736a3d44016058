#include "app/open_back.h"

#include <dlfcn.h>

#include <bit>
#include <filesystem>

#include "app/program_paths.h"

namespace vignette {

Result<std::unique_ptr<Captioner>> open_back(const CaptionerConfig& config) {
    const std::filesystem::path library = TRY(find_back());
    void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
        const char* reason = dlerror();
        return fail(
            ErrorCode::unavailable, std::string("the captioner cannot be loaded: ") + reason +
                                        "; run `vignette doctor` to see which library is missing"
        );
    }
    void* symbol = dlsym(handle, open_captioner_symbol);
    if (symbol == nullptr) {
        return fail(
            ErrorCode::unavailable, library.string() +
                                        " belongs to another version of this program (it lacks " +
                                        open_captioner_symbol + "); reinstall both"
        );
    }
    return std::bit_cast<OpenCaptioner*>(symbol)(config);
}

}  // namespace vignette
