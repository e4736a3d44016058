#include "app/files/file_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "core/percent.h"
#include "wire/strings.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

bool lies_under(const fs::path& file, const fs::path& root) {
    return std::ranges::mismatch(root, file).in1 == root.end();
}

}  // namespace

bool is_web_url(std::string_view text) {
    return starts_with_scheme(text, "http:") || starts_with_scheme(text, "https:");
}

bool is_file_url(std::string_view text) { return starts_with_scheme(text, "file:"); }

Result<fs::path> find_file(std::string_view url, const std::vector<std::string>& roots) {
    std::string_view rest = url.substr(url.find(':') + 1);
    if (rest.starts_with("//localhost/")) rest.remove_prefix(std::string_view("//localhost").size());
    if (rest.starts_with("///")) rest.remove_prefix(2);
    const std::optional<std::string> path = percent_decode(rest);
    if (!path || !rest.starts_with('/') || rest.starts_with("//")) {
        return fail(ErrorCode::usage, "a file's address looks like file:///home/me/cat.jpg");
    }
    std::error_code error;
    fs::path file = fs::canonical(*path, error);
    if (error) return fail(ErrorCode::usage, "cannot open " + *path + ": " + error.message());
    for (const std::string& text : roots) {
        const fs::path root = fs::canonical(text, error);
        if (!error && lies_under(file, root)) return file;
    }
    return fail(
        ErrorCode::forbidden_address, *path +
                                          " is outside the folders that file: addresses may name; allow its "
                                          "folder with --allow-files FOLDER"
    );
}

Result<fs::path> find_named(const std::string& name, const std::vector<std::string>& roots) {
    if (is_file_url(name)) return find_file(name, roots);
    if (!name.contains("://")) return name;
    return fail(
        ErrorCode::usage, name +
                              " is not an address that can be fetched; use one that begins with https:// or "
                              "http://, or name a file"
    );
}

}  // namespace vignette
