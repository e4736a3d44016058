#include "app/program_paths.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

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

std::vector<fs::path> own_folders() {
    const fs::path here = program_folder();
    std::vector<fs::path> folders;
    std::error_code unknown;
    const fs::path current = fs::current_path(unknown);
    fs::path above = here;
    for (int level = 1; level <= 3; ++level) {  // bin/, build/<preset>/, build/<preset>/<something>/
        above = above.parent_path();
        if (!unknown && above == current) folders.push_back(current);
    }
    for (fs::path folder : {here.parent_path(), here.parent_path().parent_path()}) {
        if (std::ranges::find(folders, folder) == folders.end()) folders.push_back(std::move(folder));
    }
    return folders;
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
