#include "model/manifest.h"

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

#include "model/json_view.h"
#include "model/sha256.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr int version_read = 1;
constexpr std::size_t manifest_bytes_max = 1 * MiB;
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t text_bytes_max = 8 * KiB;
constexpr std::size_t files_max = 1024;
constexpr int side_max = 4096;
constexpr int vocabulary_max = 1 << 24;
constexpr int positions_max = 1 << 20;
constexpr int beams_max = 64;

Result<int> whole(const JsonView& object, std::string_view key, int min, int max) {
    const JsonView value = TRY(object.at(key));
    return static_cast<int>(TRY(value.whole(min, max)));
}

Result<std::string> name(const JsonView& value) {
    std::string text = TRY(value.text(name_bytes_max));
    if (text.empty()) return value.refuse("must not be empty");
    return text;
}

// A part of a bundle must not be able to name a file somewhere else.
bool is_plain(std::string_view file) {
    return !file.starts_with('.') && file.find('/') == file.npos && file.find('\0') == file.npos;
}

Result<std::string> file_name(const JsonView& value) {
    Result<std::string> text = name(value);
    if (text && !is_plain(*text)) return value.refuse("must be the plain name of a file");
    return text;
}

Result<std::string> digest(const JsonView& object) {
    const JsonView value = TRY(object.at("sha256"));
    std::string text = TRY(value.text(name_bytes_max));
    const bool hex = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex) return value.refuse("must be 64 hexadecimal digits in lower case");
    return text;
}

Result<FileDigest> file_digest(const JsonView& object) {
    FileDigest made;  // filled field by field: gcc 12 leaks the finished fields when TRY leaves a braced list
    made.file = TRY(file_name(TRY(object.at("file"))));
    made.sha256 = TRY(digest(object));
    return made;
}

Result<Dtype> dtype(const JsonView& value) {
    const std::string text = TRY(value.text(name_bytes_max));
    if (text == "float32") return Dtype::float32;
    if (text == "float16") return Dtype::float16;
    if (text == "bfloat16") return Dtype::bfloat16;
    return value.refuse("must be float32, float16 or bfloat16");
}

Result<std::vector<WeightsFile>> weights_files(const JsonView& array) {
    std::vector<WeightsFile> files;
    for (const JsonView& one : TRY(array.items())) {
        const JsonView bytes = TRY(one.at("bytes"));
        FileDigest named = TRY(file_digest(one));
        const std::int64_t size = TRY(bytes.whole(0, std::numeric_limits<std::int64_t>::max()));
        files.push_back(
            {.file = std::move(named.file),
             .bytes = static_cast<std::uint64_t>(size),
             .sha256 = std::move(named.sha256)}
        );
    }
    if (files.empty() || files.size() > files_max) {
        return array.refuse("must name from 1 to " + std::to_string(files_max) + " files");
    }
    return files;
}

Result<PrefixRename> rename(const JsonView& pair) {
    const std::vector<JsonView> parts = TRY(pair.items());
    if (parts.size() != 2) return pair.refuse("must be a pair: [from, to]");
    PrefixRename made;
    made.from = TRY(parts[0].text(name_bytes_max));
    made.to = TRY(parts[1].text(name_bytes_max));
    return made;
}

Result<WeightsSpec> weights(const JsonView& object) {
    WeightsSpec spec;
    const JsonView folder = TRY(object.at("folder"));
    const std::string path = TRY(folder.text(text_bytes_max));
    if (path.empty() || path.find('\0') != std::string::npos) return folder.refuse("must be a path");
    spec.folder = path;
    spec.files = TRY(weights_files(TRY(object.at("files"))));
    for (const auto& [parameter, source] : TRY(TRY(object.at("ties")).members()))
        spec.ties.emplace(parameter, TRY(name(source)));
    for (const JsonView& pair : TRY(TRY(object.at("renames")).items()))
        spec.renames.push_back(TRY(rename(pair)));
    for (const JsonView& prefix : TRY(TRY(object.at("float32")).items()))
        spec.float32.push_back(TRY(name(prefix)));
    return spec;
}

Result<void> three_floats(const JsonView& array, double min, double max, float (&into)[3]) {
    const std::vector<JsonView> values = TRY(array.items());
    if (values.size() != 3) return array.refuse("must be three numbers: red, green, blue");
    for (std::size_t i = 0; i < 3; ++i) into[i] = static_cast<float>(TRY(values[i].number(min, max)));
    return {};
}

Result<PixelRecipe> pixels(const JsonView& object) {
    PixelRecipe recipe;
    recipe.size.width = TRY(whole(object, "width", 1, side_max));
    recipe.size.height = TRY(whole(object, "height", 1, side_max));
    const JsonView resample = TRY(object.at("resample"));
    const std::string method = TRY(resample.text(name_bytes_max));
    if (method != "bicubic") return resample.refuse("must be bicubic, the one resampling this program has");
    TRY(three_floats(TRY(object.at("mean")), -1e6, 1e6, recipe.mean));
    TRY(three_floats(TRY(object.at("std")), 1e-6, 1e6, recipe.std));
    return recipe;
}

Result<TextRecipe> text(const JsonView& object, int positions) {
    TextRecipe recipe;
    recipe.prompt_template = TRY(TRY(object.at("template")).text(text_bytes_max));
    recipe.default_prompt = TRY(TRY(object.at("default_prompt")).text(text_bytes_max));
    recipe.vocabulary = TRY(whole(object, "vocabulary", 2, vocabulary_max));
    const int last = recipe.vocabulary - 1;
    recipe.image_token = TokenId{TRY(whole(object, "image_token", 0, last))};
    recipe.image_tokens = TRY(whole(object, "image_tokens", 1, positions - 1));  // room for a word
    for (const char* key : {"bos", "pad"}) {  // the tokenizer's business: only checked
        if (const Result<int> token = whole(object, key, 0, last); !token)
            return std::unexpected(token.error());
    }
    const JsonView ends = TRY(object.at("eos"));
    for (const JsonView& end : TRY(ends.items()))
        recipe.end.push_back(TokenId{static_cast<std::int32_t>(TRY(end.whole(0, last)))});
    if (recipe.end.empty() || recipe.end.size() > 16) return ends.refuse("must name from 1 to 16 tokens");
    return recipe;
}

Result<CacheSpec> cache(const JsonView& object) {
    CacheSpec spec;
    spec.layers = TRY(whole(object, "layers", 1, 1024));
    spec.heads = TRY(whole(object, "heads", 1, 1024));
    spec.head_dim = TRY(whole(object, "head_dim", 1, 4096));
    spec.positions = TRY(whole(object, "positions", 2, positions_max));
    return spec;
}

Result<GenerationDefaults> generation(const JsonView& object, int positions) {
    GenerationDefaults made;
    made.max_length_limit = TRY(whole(object, "max_length_limit", 1, positions));
    made.max_length = TRY(whole(object, "max_length", 1, made.max_length_limit));
    made.min_length = TRY(whole(object, "min_length", 0, made.max_length));
    made.num_beams_limit = TRY(whole(object, "num_beams_limit", 1, beams_max));
    made.num_beams = TRY(whole(object, "num_beams", 1, made.num_beams_limit));
    made.length_penalty = TRY(TRY(object.at("length_penalty")).number(-100, 100));
    made.early_stopping = TRY(TRY(object.at("early_stopping")).boolean());
    return made;
}

// First of all, because a newer manifest may differ in everything else.
Result<void> check_version(const JsonView& manifest) {
    const JsonView value = TRY(manifest.at("manifest_version"));
    const std::int64_t version = TRY(value.whole(1, std::numeric_limits<std::int32_t>::max()));
    if (version == version_read) return {};
    return value.refuse(
        "is " + std::to_string(version) + " and this program reads version " + std::to_string(version_read)
    );
}

Result<Manifest> interpret(const JsonView& root) {
    TRY(check_version(root));
    Manifest made;
    made.cache = TRY(cache(TRY(root.at("cache"))));
    made.program = TRY(file_digest(TRY(root.at("program"))));
    made.tokenizer = TRY(file_digest(TRY(root.at("tokenizer"))));
    made.weights = TRY(weights(TRY(root.at("weights"))));
    made.info.name = TRY(name(TRY(root.at("name"))));
    made.info.family = TRY(name(TRY(root.at("family"))));
    made.info.dtype = TRY(dtype(TRY(root.at("dtype"))));
    made.info.pixels = TRY(pixels(TRY(root.at("image"))));
    made.info.text = TRY(text(TRY(root.at("text")), made.cache.positions));
    made.info.positions = made.cache.positions;
    made.info.generation = TRY(generation(TRY(root.at("generation")), made.cache.positions));
    return made;
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view json, std::string_view file) {
    const JsonSource source{
        .file = std::string(file),
        .code = ErrorCode::bundle_invalid,
        .remedy = "; export the bundle again with scripts/export"
    };
    const nlohmann::json parsed = TRY(parse_json_object(json, source));
    Manifest made = TRY(interpret(JsonView(parsed, source)));
    made.info.digest = sha256_hex(json);
    return made;
}

Result<Manifest> read_manifest(const fs::path& bundle) {
    const fs::path path = bundle / "manifest.json";
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        return fail(
            ErrorCode::model_not_found,
            fs::is_directory(bundle, ignored)
                ? bundle.string() +
                      " has no manifest.json, so it is no model bundle; make one with scripts/export"
                : "there is no model bundle " + bundle.string() +
                      "; make one with scripts/export, or name another"
        );
    }
    const std::string json = TRY(read_file(path, manifest_bytes_max));
    return parse_manifest(json, path.string());
}

}  // namespace vignette
