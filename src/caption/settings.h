// What a job really gets: its options, its preset's or the bundle's defaults where it has none, and the
// bundle's limits over all. Pure, for any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "caption/wording/form_text.h"
#include "engine/rules.h"
#include "vignette/bundle.h"
#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/model.h"

namespace vignette {

struct Settings {
    std::string prompt;
    std::optional<Preset> preset;
    DecodingRules rules;
    Wording wording = Wording::as_said;
    int samples = 1;    // sequences drawn side by side, the first with the seed, the next with seed + 1
    bool json = false;  // a schema says what may be said
    std::vector<Warning> warnings;  // one for each option that was not granted
};

inline constexpr int samples_max = 16;

PictureWish wish_of(const CaptionOptions& options);

// `fresh_seed` is taken where the job draws and names none. An error: options that exclude one another, or
// that this bundle cannot grant.
Result<Settings> settle(const CaptionOptions& options, const BundleInfo& bundle, std::uint64_t fresh_seed);

// If the client named no length, or only an upper bound, the caption gets what room the model has left after
// its prompt. If there is no room at all, whoever runs it will say so.
void fit_into(int room, const CaptionOptions& options, const BundleInfo& bundle, Settings& settings);

}  // namespace vignette
