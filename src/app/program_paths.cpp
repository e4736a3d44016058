#include "app/program_paths.h"

#include <string>
#include <system_error>

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr const char* back_name = "libvignette-captioner.so";
constexpr const char* decoder_name = "vignette-decoder";

}  // namespace

fs::path program_folder() {
    std::error_code failed;
    const fs::path program = fs::read_symlink("/proc/self/exe", failed);
    return failed ? fs::path(".") : program.parent_path();
}

Result<fs::path> find_back() {
    const fs::path here = program_folder();
    for (const fs::path& place : {here / back_name, here.parent_path() / "lib" / back_name}) {
        std::error_code ignored;
        if (fs::is_regular_file(place, ignored)) return place;
    }
    return fail(
        ErrorCode::unavailable, std::string(back_name) + " is neither next to the program in " +
                                    here.string() +
                                    " nor in ../lib; build the release preset (scripts/setup) or reinstall"
    );
}

Result<fs::path> find_decoder() {
    fs::path place = program_folder() / decoder_name;
    std::error_code ignored;
    if (fs::is_regular_file(place, ignored)) return place;
    return fail(
        ErrorCode::unavailable,
        "the program that opens pictures, " + place.string() +
            ", is missing; reinstall, or set VIGNETTE_SANDBOX=off to open them in this process"
    );
}

}  // namespace vignette
