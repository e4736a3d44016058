#include "bundle/manifest.h"

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

#include "bundle/file_digest.h"
#include "bundle/json_view.h"
#include "bundle/manifest_fields.h"
#include "core/hex.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr int version_read = 2;
constexpr std::size_t manifest_bytes_max = 1 * MiB;
constexpr std::size_t files_max = 1024;
constexpr int positions_max = 1 << 20;
constexpr int beams_max = 64;
constexpr int vector_width_max = 1 << 16;

// A part of a bundle must not be able to name a file somewhere else.
bool is_plain(std::string_view file) {
    return !file.starts_with('.') && file.find('/') == file.npos && file.find('\0') == file.npos;
}

Result<std::string> file_name(const JsonView& value) {
    Result<std::string> text = name_of(value);
    if (text && !is_plain(*text)) return value.refuse("must be the plain name of a file");
    return text;
}

Result<std::string> digest(const JsonView& object) {
    const JsonView value = TRY(object.at("sha256"));
    std::string text = TRY(value.text(manifest_name_bytes_max));
    const bool hex = is_sha256(text);
    if (!hex) return value.refuse("must be 64 hexadecimal digits in lower case");
    return text;
}

Result<FileDigest> file_digest(const JsonView& object) {
    FileDigest made;  // filled field by field: gcc 12 leaks the finished fields when TRY leaves a braced list
    made.file = TRY(file_name(TRY(object.at("file"))));
    made.sha256 = TRY(digest(object));
    return made;
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
    if (files.size() > files_max)
        return array.refuse("must name at most " + std::to_string(files_max) + " files");
    return files;
}

Result<PrefixRename> rename(const JsonView& pair) {
    const std::vector<JsonView> parts = TRY(pair.items());
    if (parts.size() != 2) return pair.refuse("must be a pair: [from, to]");
    PrefixRename made;
    made.from = TRY(parts[0].text(manifest_name_bytes_max));
    made.to = TRY(parts[1].text(manifest_name_bytes_max));
    return made;
}

// A ready bundle says null and names no files: its weights are not here yet.
Result<void> weights_place(const JsonView& object, WeightsSpec& spec) {
    const JsonView folder = TRY(object.at("folder"));
    const JsonView files = TRY(object.at("files"));
    spec.files = TRY(weights_files(files));
    if (folder.is_null()) {
        if (!spec.files.empty()) return files.refuse("must be empty where weights.folder is null");
        return {};
    }
    const std::string path = TRY(folder.text(manifest_text_bytes_max));
    if (path.empty() || path.find('\0') != std::string::npos) return folder.refuse("must be a path");
    if (spec.files.empty()) return files.refuse("must name a file where weights.folder is set");
    spec.folder = path;
    return {};
}

Result<std::vector<WeightKey>> weight_keys(const JsonView& weights) {
    std::vector<WeightKey> keys;
    if (!weights.has("keys")) return keys;
    for (const auto& [pattern, shape] : TRY(TRY(weights.at("keys")).members())) {
        WeightKey key{.name = pattern, .shape = {}};
        for (const JsonView& side : TRY(shape.items()))
            key.shape.push_back(TRY(side.whole(0, std::numeric_limits<std::int64_t>::max())));
        keys.push_back(std::move(key));
    }
    return keys;
}

Result<std::vector<WeightPack>> weight_packs(const JsonView& weights) {
    std::vector<WeightPack> packs;
    if (!weights.has("packs")) return packs;
    for (const auto& [whole, parts] : TRY(TRY(weights.at("packs")).members())) {
        WeightPack pack{.whole = whole, .parts = {}};
        for (const JsonView& part : TRY(parts.items())) pack.parts.push_back(TRY(name_of(part)));
        if (pack.parts.empty()) return parts.refuse("must name what is packed");
        packs.push_back(std::move(pack));
    }
    return packs;
}

Result<ConfigFacts> config_facts(const JsonView& root) {
    ConfigFacts facts;
    if (!root.has("config")) return facts;
    for (const auto& [path, value] : TRY(TRY(root.at("config")).members()))
        facts.emplace(path, value.as_json());
    return facts;
}

Result<WeightsSpec> weights(const JsonView& object) {
    WeightsSpec spec;
    TRY(weights_place(object, spec));
    for (const auto& [parameter, source] : TRY(TRY(object.at("ties")).members()))
        spec.ties.emplace(parameter, TRY(name_of(source)));
    for (const JsonView& pair : TRY(TRY(object.at("renames")).items()))
        spec.renames.push_back(TRY(rename(pair)));
    spec.packs = TRY(weight_packs(object));
    for (const JsonView& prefix : TRY(TRY(object.at("float32")).items()))
        spec.float32.push_back(TRY(name_of(prefix)));
    spec.keys = TRY(weight_keys(object));
    return spec;
}

// The text side is used as the snapshot has it, so a ready bundle cannot know its digest.
Result<FileDigest> tokenizer(const JsonView& object, bool has_weights) {
    const JsonView sum = TRY(object.at("sha256"));
    if (has_weights || !sum.is_null()) return file_digest(object);
    FileDigest made;
    made.file = TRY(file_name(TRY(object.at("file"))));
    return made;
}

Result<CacheSpec> cache(const JsonView& object) {
    CacheSpec spec;
    spec.layers = TRY(whole_at(object, "layers", 1, 1024));
    spec.heads = TRY(whole_at(object, "heads", 1, 1024));
    spec.head_dim = TRY(whole_at(object, "head_dim", 1, 4096));
    spec.positions = TRY(whole_at(object, "positions", 2, positions_max));
    return spec;
}

Result<GenerationDefaults> generation(const JsonView& object, int positions) {
    GenerationDefaults made;
    made.max_length_limit = TRY(whole_at(object, "max_length_limit", 1, positions));
    made.max_length = TRY(whole_at(object, "max_length", 1, made.max_length_limit));
    made.min_length = TRY(whole_at(object, "min_length", 0, made.max_length));
    made.num_beams_limit = TRY(whole_at(object, "num_beams_limit", 1, beams_max));
    made.num_beams = TRY(whole_at(object, "num_beams", 1, made.num_beams_limit));
    made.length_penalty = TRY(TRY(object.at("length_penalty")).number(-100, 100));
    made.early_stopping = TRY(TRY(object.at("early_stopping")).boolean());
    if (object.has("repetition_penalty"))
        made.repetition_penalty = TRY(TRY(object.at("repetition_penalty")).number(0.01, 100));
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

Result<void> captioner(const JsonView& root, Manifest& made) {
    made.cache = TRY(cache(TRY(root.at("cache"))));
    made.info.positions = made.cache.positions;
    made.info.text = TRY(read_captioner_text(TRY(root.at("text")), made.info.pixels, made.cache.positions));
    if (root.has("film")) made.info.film = TRY(read_film(TRY(root.at("film")), made.info));
    made.info.generation = TRY(generation(TRY(root.at("generation")), made.cache.positions));
    return {};
}

Result<void> embedder(const JsonView& root, Manifest& made) {
    const JsonView recipe = TRY(TRY(root.at("image")).at("recipe"));
    if (made.info.pixels.method == PixelMethod::anyres || made.info.pixels.method == PixelMethod::fit)
        return recipe.refuse("must be stretch or crop: an embedder takes one picture at a time");
    made.info.text = TRY(read_embedder_text(TRY(root.at("text"))));
    made.info.width = TRY(whole_at(TRY(root.at("embedding")), "width", 1, vector_width_max));
    return {};
}

Result<Manifest> interpret(const JsonView& root) {
    TRY(check_version(root));
    Manifest made;
    made.program = TRY(file_digest(TRY(root.at("program"))));
    made.weights = TRY(weights(TRY(root.at("weights"))));
    made.tokenizer = TRY(tokenizer(TRY(root.at("tokenizer")), made.has_weights()));
    made.info.name = TRY(name_of(TRY(root.at("name"))));
    made.info.family = TRY(name_of(TRY(root.at("family"))));
    const JsonView source = TRY(root.at("source"));
    if (!source.is_null()) made.info.source = TRY(name_of(source));
    made.info.kind = TRY(word_at<BundleKind>(
        root, "kind", {{"captioner", BundleKind::captioner}, {"embedder", BundleKind::embedder}}
    ));
    made.info.dtype = TRY(word_at<Dtype>(
        root, "dtype",
        {{"float32", Dtype::float32}, {"float16", Dtype::float16}, {"bfloat16", Dtype::bfloat16}}
    ));
    made.info.weights = made.info.dtype;
    made.config = TRY(config_facts(root));
    made.info.pixels = TRY(read_pixels(TRY(root.at("image"))));
    TRY(made.info.kind == BundleKind::captioner ? captioner(root, made) : embedder(root, made));
    return made;
}

}  // namespace

Result<int> whole_at(const JsonView& object, std::string_view key, int min, int max) {
    const JsonView value = TRY(object.at(key));
    return static_cast<int>(TRY(value.whole(min, max)));
}

Result<std::string> name_of(const JsonView& value) {
    std::string text = TRY(value.text(manifest_name_bytes_max));
    if (text.empty()) return value.refuse("must not be empty");
    return text;
}

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
                      " has no manifest.json, so it is not a model bundle; make one with scripts/export"
                : "there is no model bundle " + bundle.string() +
                      "; make one with scripts/export, or name another"
        );
    }
    const std::string json = TRY(read_file(path, manifest_bytes_max));
    return parse_manifest(json, path.string());
}

void allow_picture_tokens(Manifest& manifest, int tokens) {
    PixelRecipe& pixels = manifest.info.pixels;
    if (tokens == 0 || pixels.method != PixelMethod::fit) return;
    const int token_pixels = pixels.patch * pixels.patch;
    const int before = pixels.pixels_max / token_pixels;
    set_pixels_max(pixels, tokens * token_pixels);
    pixels.pixels_min = std::min(pixels.pixels_min, pixels.pixels_max);
    manifest.cache.positions += std::max(0, pixels.pixels_max / token_pixels - before);
    manifest.info.positions = manifest.cache.positions;
}

Result<void> check_complete(const Manifest& manifest) {
    if (manifest.has_weights()) return {};
    const std::string& id = manifest.info.source.empty() ? manifest.info.name : manifest.info.source;
    return fail(
        ErrorCode::model_not_found,
        "the bundle " + manifest.info.name + " has no weights yet; get them with: vignette models add " + id
    );
}

}  // namespace vignette
