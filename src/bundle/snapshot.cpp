#include "bundle/snapshot.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "bundle/file_digest.h"
#include "bundle/json_view.h"
#include "core/hex.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr const char* whole_name = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";
constexpr std::size_t config_bytes_max = 1 * MiB;
constexpr std::size_t index_bytes_max = 32 * MiB;
constexpr std::size_t tokenizer_bytes_max = 64 * MiB;
constexpr std::size_t shards_max = 1024;

// Empty: a file that can be looked into.
std::optional<std::string> problem_of(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
        std::error_code ignored;
        return fs::is_symlink(path, ignored) ? "is a link to a file that is not there" : "is missing";
    }
    if (error) return "cannot be read: " + error.message();
    if (!fs::is_regular_file(status)) return "is not a file";
    if (fs::file_size(path, error) == 0 && !error) return "is empty";
    return std::nullopt;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(path, error).type();
    return type != fs::file_type::not_found && type != fs::file_type::none;
}

// What git leaves in the place of a large file when git-lfs did not run.
bool is_lfs_pointer(const fs::path& path) {
    constexpr std::size_t pointer_bytes_max = 1024;
    std::error_code error;
    if (fs::file_size(path, error) > pointer_bytes_max || error) return false;
    const Result<std::string> text = read_file(path, pointer_bytes_max);
    return text && text->starts_with("version https://git-lfs");
}

void flatten(const nlohmann::json& value, const std::string& path, ConfigFacts& into) {
    if (!value.is_object()) {
        into.emplace(path, value.dump());
        return;
    }
    const std::string within = path.empty() ? path : path + ".";
    for (const auto& [key, member] : value.items()) {
        std::string inner = within;
        inner += key;
        flatten(member, inner, into);
    }
}

// Reads one snapshot and keeps what is wrong with it.
class SnapshotReader {
public:
    SnapshotReader(const fs::path& folder, std::string_view fetch) : folder_(folder), fetch_(fetch) {}

    Snapshot read() {
        std::error_code error;
        if (const fs::directory_iterator entries(folder_, error); error) {
            report(
                ErrorCode::model_not_found, folder_.string() + " cannot be read: " + error.message(),
                "name a folder that this user may read"
            );
            return std::move(made_);
        }
        read_config();
        list_weights();
        open_weights();
        return std::move(made_);
    }

private:
    void report(ErrorCode code, const std::string& what, const std::string& remedy = {}) {
        const std::string known = remedy.empty() ? "get it again with " + fetch_ : remedy;
        made_.problems.push_back({.code = code, .message = what + "; " + known, .field = {}});
    }

    std::optional<nlohmann::json> json(const std::string& name, std::size_t bytes_max) {
        const fs::path path = folder_ / name;
        if (const std::optional<std::string> problem = problem_of(path)) {
            report(ErrorCode::model_not_found, path.string() + " " + *problem);
            return std::nullopt;
        }
        const JsonSource source{
            .file = path.string(),
            .code = ErrorCode::bundle_invalid,
            .remedy = "; get it again with " + fetch_
        };
        Result<std::string> text = read_file(path, bytes_max);
        Result<nlohmann::json> parsed =
            text ? parse_json_object(*text, source) : std::unexpected(std::move(text).error());
        if (parsed) return *std::move(parsed);
        made_.problems.push_back(std::move(parsed).error());
        return std::nullopt;
    }

    void read_config() {
        if (const auto config = json("config.json", config_bytes_max)) flatten(*config, "", made_.config);
    }

    void list_weights() {
        if (is_there(folder_ / index_name)) return list_shards();
        if (is_there(folder_ / whole_name)) {
            names_ = {whole_name};
            return;
        }
        std::error_code error;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
            const std::string name = entry.path().filename().string();
            if (!name.starts_with("pytorch_model") || !name.ends_with(".bin")) continue;
            return report(
                ErrorCode::weights_invalid,
                folder_.string() + " has its weights only as " + name + ", and safetensors are needed",
                "convert them with scripts/fetch-model --convert " + folder_.string()
            );
        }
        report(
            ErrorCode::weights_invalid,
            folder_.string() + " has no weights: neither " + whole_name + " nor " + index_name
        );
    }

    void list_shards() {
        const auto index = json(index_name, index_bytes_max);
        if (!index) return;
        std::set<std::string> shards;
        const std::string place = (folder_ / index_name).string();
        const auto map = index->find("weight_map");
        if (map == index->end() || !map->is_object() || map->empty())
            return report(ErrorCode::weights_invalid, place + " has no weight_map");
        for (const nlohmann::json& shard : *map) {
            const std::string name = shard.is_string() ? shard.get<std::string>() : "";
            const bool plain =
                !name.starts_with('.') && name.find_first_of(std::string("/\0", 2)) == name.npos;
            if (name.empty() || !plain || shards.size() > shards_max)
                return report(
                    ErrorCode::weights_invalid, place + " names a file that is not a plain file name"
                );
            shards.insert(name);
        }
        names_.assign(shards.begin(), shards.end());
    }

    void open_weights() {
        for (const std::string& name : names_) {
            const fs::path path = folder_ / name;
            if (const std::optional<std::string> problem = problem_of(path)) {
                report(ErrorCode::weights_invalid, path.string() + " " + *problem);
            } else if (is_lfs_pointer(path)) {
                report(
                    ErrorCode::weights_invalid, path.string() + " is only a Git LFS pointer to the file",
                    "run git lfs pull there, or " + fetch_
                );
            } else if (Result<Safetensors> file = Safetensors::open(path); !file) {
                made_.problems.push_back(std::move(file).error());
            } else {
                made_.weights.push_back({.name = name, .bytes = file->bytes(), .sha256 = known_digest(path)});
                made_.files.add(*std::move(file));
            }
        }
    }

    // The hub's cache calls a large file by its SHA-256, and the snapshot links to it.
    static std::string known_digest(const fs::path& path) {
        std::error_code error;
        const std::string name = fs::read_symlink(path, error).filename().string();
        const bool digest = is_sha256(name);
        return digest ? name : "";
    }

    const fs::path folder_;
    const std::string fetch_;
    std::vector<std::string> names_;
    Snapshot made_;
};

}  // namespace

Snapshot read_snapshot(const fs::path& folder, std::string_view fetch) {
    return SnapshotReader(folder, fetch).read();
}

bool is_snapshot(const fs::path& folder) {
    return std::ranges::any_of(
        std::vector<const char*>{"config.json", whole_name, index_name},
        [&](const char* name) { return is_there(folder / name); }
    );
}

namespace {

constexpr std::string_view rope_factor = "rope_scaling.factor";

// transformers 5 saves what was rope_scaling under another name.
ConfigFacts::const_iterator find_said(const ConfigFacts& found, const std::string& path) {
    const auto said = found.find(path);
    if (said != found.end() || !path.ends_with(rope_factor)) return said;
    return found.find(path.substr(0, path.size() - rope_factor.size()) + "rope_parameters.factor");
}

}  // namespace

std::vector<std::string> config_differences(const ConfigFacts& expected, const ConfigFacts& found) {
    std::vector<std::string> differences;
    for (const auto& [path, value] : expected) {
        const auto said = find_said(found, path);
        if (said == found.end() && path != "model_type" && !path.ends_with(rope_factor)) continue;
        if (said != found.end() && said->second == value) continue;
        const std::string is = said == found.end() ? "missing" : printable(said->second);
        std::string difference = path;
        difference.append(" is ").append(is).append(", not ").append(value);
        differences.push_back(std::move(difference));
    }
    return differences;
}

std::vector<Error> check_tokenizer(const fs::path& folder, const BundleInfo& info, std::string_view fetch) {
    const fs::path path = folder / "tokenizer.json";
    const auto problem = [&](const std::string& what, const std::string& remedy = {}) {
        const std::string known = remedy.empty() ? "get it again with " + std::string(fetch) : remedy;
        return std::vector<Error>{Error{
            .code = ErrorCode::bundle_invalid,
            .message = path.string() + " " + what + "; " + known,
            .field = {}
        }};
    };
    if (const std::optional<std::string> wrong = problem_of(path)) {
        return problem(
            *wrong, *wrong != "is missing"
                        ? ""
                        : "get it with " + std::string(fetch) +
                              ", or make it with: python -c \"from transformers import "
                              "AutoTokenizer as T; T.from_pretrained('" +
                              folder.string() + "').save_pretrained('" + folder.string() + "')\""
        );
    }
    const JsonSource source{.file = path.string(), .code = ErrorCode::bundle_invalid, .remedy = ""};
    const Result<std::string> text = read_file(path, tokenizer_bytes_max);
    if (!text) return {text.error()};
    const Result<nlohmann::json> parsed = parse_json_object(*text, source);
    if (!parsed || !parsed->contains("model")) return problem("is damaged");
    if (info.kind != BundleKind::captioner || info.text.placement != Placement::placeholder) return {};
    const auto added = parsed->find("added_tokens");
    const auto is_image = [&](const nlohmann::json& token) {
        return token.is_object() &&
               token.value("id", nlohmann::json()) == static_cast<int>(info.text.image_token);
    };
    if (added != parsed->end() && std::ranges::any_of(*added, is_image)) return {};
    return problem(
        "has no token " + std::to_string(static_cast<int>(info.text.image_token)) +
            " for the place of the picture",
        "it belongs to another or an older model: get it again with " + std::string(fetch)
    );
}

}  // namespace vignette
