#include "model/torch_embedder.h"

#include <c10/core/StreamGuard.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/encode_pictures.h"
#include "model/pixels/preprocess.h"
#include "model/program.h"
#include "model/sent.h"
#include "model/start/gpu_room.h"
#include "model/start/start_phases.h"
#include "model/torch_device.h"
#include "model/torch_wall.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t texts_at_once = 64;

// Of length 1, as vectors are compared. One without a length, or not of numbers, is the model's failure.
Result<Vector> normalised_vector(const float* values, std::size_t width) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += double{values[i]} * double{values[i]};
    const auto length = static_cast<float>(std::sqrt(squares));
    if (!std::isfinite(length) || length == 0) {
        return fail(
            ErrorCode::model_failed,
            "the model computed a vector without a direction; send another picture or text, and if it stays, "
            "check the weights"
        );
    }
    Vector vector(values, values + width);
    for (float& value : vector) value /= length;
    return vector;
}

// `made` is [rows, width].
Result<void> append_vectors(const at::Tensor& made, int rows, int width, std::vector<Vector>& vectors) {
    TORCH_CHECK(
        made.dim() == 2 && made.size(0) == rows && made.size(1) == width && made.scalar_type() == at::kFloat,
        "the program makes ", made.scalar_type(), " vectors of shape ", made.sizes(),
        " and the manifest says ", width, " wide"
    );
    const at::Tensor here = made.cpu().contiguous();
    const float* next = here.const_data_ptr<float>();
    for (int row = 0; row < rows; ++row, next += width)
        vectors.push_back(TRY(normalised_vector(next, static_cast<std::size_t>(width))));
    return {};
}

}  // namespace

struct TorchEmbedder::Parts {
    TextRecipe recipe;
    int width = 0;
    at::Device device;
    c10::Stream stream;
    Preprocessor preprocessor;
    Program program;

    Result<std::vector<Vector>> images(std::span<const ModelInput* const> pictures);
    Result<std::vector<Vector>> texts(std::span<const std::vector<TokenId>> texts);
    Result<void> check_text(const std::vector<TokenId>& text) const;
    at::Tensor padded(std::span<const std::vector<TokenId>> texts) const;
    Result<void> warm_up(Size size);
};

Result<std::vector<Vector>> TorchEmbedder::Parts::images(std::span<const ModelInput* const> pictures) {
    const auto most = static_cast<std::size_t>(pictures_at_once(device));
    std::vector<Vector> vectors;
    for (std::size_t first = 0; first < pictures.size(); first += most) {
        std::vector<at::Tensor> batch;
        for (const ModelInput* picture : pictures.subspan(first, std::min(most, pictures.size() - first))) {
            const auto* pixels = dynamic_cast<const TorchInput*>(picture);
            ASSERT(pixels != nullptr && pixels->tiles() == 1);
            batch.push_back(pixels->values());
        }
        const int rows = static_cast<int>(batch.size());
        TRY(append_vectors(program.embed_image(sent_together(batch, device)), rows, width, vectors));
    }
    return vectors;
}

Result<std::vector<Vector>> TorchEmbedder::Parts::texts(std::span<const std::vector<TokenId>> texts) {
    for (const std::vector<TokenId>& text : texts) TRY(check_text(text));
    std::vector<Vector> vectors;
    for (std::size_t first = 0; first < texts.size(); first += texts_at_once) {
        const auto batch = texts.subspan(first, std::min(texts_at_once, texts.size() - first));
        const int rows = static_cast<int>(batch.size());
        TRY(append_vectors(program.embed_text(padded(batch)), rows, width, vectors));
    }
    return vectors;
}

// Words of a stranger became these tokens; on a GPU one that the program does not know would end the process.
Result<void> TorchEmbedder::Parts::check_text(const std::vector<TokenId>& text) const {
    if (text.empty() || text.size() > static_cast<std::size_t>(recipe.tokens_max)) {
        return fail(
            ErrorCode::prompt_too_long, "the text has " + std::to_string(text.size()) +
                                            " tokens; from 1 to " + std::to_string(recipe.tokens_max) +
                                            " can be embedded"
        );
    }
    for (const TokenId token : text) {
        const int number = std::to_underlying(token);
        if (number >= 0 && number < recipe.vocabulary) continue;
        return fail(
            ErrorCode::bundle_invalid, "the tokenizer made token " + std::to_string(number) +
                                           ", which the model does not know; export the bundle again"
        );
    }
    return {};
}

at::Tensor TorchEmbedder::Parts::padded(std::span<const std::vector<TokenId>> texts) const {
    std::size_t longest = 0;
    for (const std::vector<TokenId>& text : texts) longest = std::max(longest, text.size());
    std::vector<std::int64_t> ids(texts.size() * longest, std::int64_t{std::to_underlying(recipe.pad)});
    auto row = ids.begin();
    for (const std::vector<TokenId>& text : texts) {
        std::ranges::transform(text, row, [](TokenId token) {
            return std::int64_t{std::to_underlying(token)};
        });
        row += static_cast<std::ptrdiff_t>(longest);
    }
    return sent<std::int64_t>(
        ids, {static_cast<std::int64_t>(texts.size()), static_cast<std::int64_t>(longest)}, device
    );
}

// Both methods once: the first calls compile, and a program that does not fit its manifest is found out here.
Result<void> TorchEmbedder::Parts::warm_up(Size size) {
    const std::unique_ptr<ModelInput> picture = TRY(preprocessor(black_picture(size)));
    return torch_wall([&]() -> Result<void> {
        const ModelInput* const pictures[] = {picture.get()};
        TRY(images(pictures));
        const std::vector<TokenId> shortest(1, recipe.pad);
        const std::vector<TokenId> longest(static_cast<std::size_t>(recipe.tokens_max), recipe.pad);
        const std::vector<TokenId> both[] = {shortest, longest};
        TRY(texts(both));
        return {};
    });
}

TorchEmbedder::TorchEmbedder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TorchEmbedder::~TorchEmbedder() = default;

Result<std::unique_ptr<Embedder>> TorchEmbedder::open(
    const std::filesystem::path& bundle, const Manifest& manifest, const ModelOptions& options
) {
    if (manifest.info.kind != BundleKind::embedder) {
        return fail(
            ErrorCode::usage,
            "the bundle " + manifest.info.name + " makes captions, not vectors; name an embedder for vectors"
        );
    }
    set_threads(options.threads);
    StartPhases phases;
    const at::Device device = TRY(select_device(options.device));
    const c10::Stream stream = TRY(own_stream(device));
    const c10::StreamGuard on_it(stream);
    const TurnToOpen turn(device);
    TRY(check_room(manifest, bundle, 0, device));
    phases.ended("device");
    Program program = TRY(Program::load(bundle, manifest, device, phases));
    auto parts = std::make_unique<Parts>(Parts{
        .recipe = manifest.info.text,
        .width = manifest.info.width,
        .device = device,
        .stream = stream,
        .preprocessor = Preprocessor(manifest.info.pixels, 0, pixel_form(device)),
        .program = std::move(program),
    });
    if (options.warms_up) {
        Result<void> warm = examined(parts->warm_up(manifest.info.pixels.size), device);
        TRY(blame_bundle(std::move(warm), manifest.info.name));
    }
    phases.ended("warm-up");
    phases.tell(manifest.info.name, options);
    return std::make_unique<TorchEmbedder>(std::move(parts));
}

int TorchEmbedder::width() const { return parts_->width; }

std::string TorchEmbedder::device() const { return to_text(parts_->device); }

Result<std::unique_ptr<ModelInput>> TorchEmbedder::preprocess(const Image& image) const {
    return parts_->preprocessor(image);
}

std::unique_ptr<Preparation> TorchEmbedder::prepare() const { return parts_->preprocessor.begin(); }

Result<std::vector<Vector>> TorchEmbedder::embed_pictures(std::span<const ModelInput* const> pictures) {
    take_over_thread_count();
    const c10::StreamGuard on_it(parts_->stream);
    return examined(torch_wall([&] { return parts_->images(pictures); }), parts_->device);
}

Result<std::vector<Vector>> TorchEmbedder::embed_texts(std::span<const std::vector<TokenId>> texts) {
    take_over_thread_count();
    const c10::StreamGuard on_it(parts_->stream);
    return examined(torch_wall([&] { return parts_->texts(texts); }), parts_->device);
}

}  // namespace vignette
