#include "model/pixels/preprocess.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "model/pixels/picture_sizes.h"
#include "model/torch_wall.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr double rounding = 1e-3;  // seconds: some containers know no smaller ones

Result<void> check_shape(Size picture, const PixelRecipe& recipe) {
    const auto [shorter, longer] = std::minmax(picture.width, picture.height);
    if (recipe.method != PixelMethod::fit || longer <= std::int64_t{sides_ratio_max} * shorter) return {};
    return fail(
        ErrorCode::invalid_input,
        "the picture has " + std::to_string(picture.width) + "x" + std::to_string(picture.height) +
            " pixels, and this model takes none whose longer side is more than " +
            std::to_string(sides_ratio_max) + " times the shorter; cut it into parts"
    );
}

Result<void> check_room(std::size_t given, const FilmRecipe& film) {
    const std::optional<int> most = film.frames_max();
    if (!most || given <= static_cast<std::size_t>(*most)) return {};
    const std::string frames = std::to_string(*most);
    return fail(
        ErrorCode::prompt_too_long,
        "this model looks at no more than " + frames +
            " frames together: more would not fit into its prompt; set max_frames to at most " + frames,
        "input.max_frames"
    );
}

// Only pictures that keep their shape may have fewer tokens than usual.
PixelRecipe granted(PixelRecipe recipe, PictureWish wish) {
    if (recipe.method != PixelMethod::fit || wish.tokens_max == 0) return recipe;
    const std::int64_t wanted = std::int64_t{wish.tokens_max} * recipe.patch * recipe.patch;
    recipe.pixels_max = static_cast<int>(std::min<std::int64_t>(recipe.pixels_max, wanted));
    // Pictures that are enlarged to the least are rounded up, which must not lead beyond the most.
    if (recipe.pixels_min > recipe.pixels_max / 4) recipe.pixels_min = 1;
    return recipe;
}

class TorchPreparation final : public Preparation {
public:
    TorchPreparation(PixelRecipe recipe, int image_tokens, const ByteValues* values)
        : recipe_(std::move(recipe)), image_tokens_(image_tokens), values_(values) {}

    // What fails here is tried again at the end, with the whole picture, and reported then.
    void accept_rows(Size whole, std::span<const std::uint8_t> rows) override {
        if (failed_ || !check_shape(whole, recipe_)) return;
        const auto taken = torch_wall([&]() -> Result<void> {
            work_of(whole).accept_rows(rows);
            return {};
        });
        if (taken) return;
        failed_ = true;
        work_.reset();
    }

    Result<std::unique_ptr<ModelInput>> finish(const Image& image) override {
        ASSERT(image.size.width > 0 && image.size.height > 0);
        ASSERT(image.rgb.size() == static_cast<std::size_t>(image.size.pixels()) * 3);
        TRY(check_shape(image.size, recipe_));
        return torch_wall([&]() -> Result<std::unique_ptr<ModelInput>> {
            PixelWork& work = work_of(image.size);
            return std::make_unique<TorchInput>(work.finish(image), image.size, work.tokens());
        });
    }

private:
    PixelWork& work_of(Size picture) {
        if (!work_) work_.emplace(plan_pixels(picture, recipe_, image_tokens_), picture, values_);
        return *work_;
    }

    const PixelRecipe recipe_;
    int image_tokens_;
    const ByteValues* values_;
    std::optional<PixelWork> work_;
    bool failed_ = false;
};

}  // namespace

Preprocessor::Preprocessor(const PixelRecipe& recipe, int image_tokens, PixelForm form)
    : recipe_(recipe), image_tokens_(image_tokens), form_(form), values_(byte_values(recipe)) {}

Result<std::unique_ptr<ModelInput>> Preprocessor::operator()(const Image& image, PictureWish wish) const {
    return begin(wish)->finish(image);
}

Result<std::vector<std::unique_ptr<ModelInput>>> Preprocessor::groups(
    std::span<const Image> frames, std::span<const double> begins, const FilmRecipe& film
) const {
    using Groups = std::vector<std::unique_ptr<ModelInput>>;
    const auto size = static_cast<std::size_t>(film.frames);  // of a group
    ASSERT(!frames.empty() && begins.size() == (frames.size() + size - 1) / size);
    const Size whole = frames.front().size;
    TRY(check_shape(whole, recipe_));
    TRY(check_room(frames.size(), film));
    const PixelPlan plan = plan_frames(whole, static_cast<int>(frames.size()), recipe_, film);
    const ByteValues of_frames = film.crop ? byte_values(*film.crop) : values_;
    const ByteValues* const values = form_ == PixelForm::bytes ? nullptr : &of_frames;
    return torch_wall([&]() -> Result<Groups> {
        Groups groups;
        std::vector<at::Tensor> group;
        for (const Image& frame : frames) {
            ASSERT(frame.size == whole);
            group.push_back(PixelWork(plan, whole, values).finish(frame));
            if (&frame == &frames.back()) group.resize(size, group.back());
            if (group.size() < size) continue;
            const double begin = begins[groups.size()] + rounding;
            const int tick = static_cast<int>(begin * film.ticks_per_second);
            groups.push_back(
                std::make_unique<TorchInput>(at::cat(group).unsqueeze(0), whole, plan.tokens, tick)
            );
            group.clear();
        }
        return groups;
    });
}

std::unique_ptr<Preparation> Preprocessor::begin(PictureWish wish) const {
    const ByteValues* const values = form_ == PixelForm::bytes ? nullptr : &values_;
    return std::make_unique<TorchPreparation>(granted(recipe_, wish), image_tokens_, values);
}

// Most features are views of a whole batch's, which would stay as long as any of them.
void TorchInput::keep(at::Tensor features, std::uint64_t number) const {
    if (features.storage().nbytes() > features.nbytes()) features = features.clone();
    features_ = std::move(features);
    values_ = at::Tensor();
    bytes_ = features_.nbytes();
    number_ = number;  // last: whoever finds it may read the features
}

Image black_picture(Size size) {
    Image image{.size = size, .rgb = {}};
    image.rgb.assign(static_cast<std::size_t>(size.pixels()) * 3, 0);
    return image;
}

}  // namespace vignette
