#include "caption/picture_captioner.h"

#include <algorithm>
#include <future>
#include <random>
#include <utility>

#include "caption/film_describer.h"
#include "caption/presets.h"
#include "caption/wording/boxes.h"
#include "caption/wording/finished_text.h"
#include "caption/wording/stop_matcher.h"
#include "core/enum_text.h"
#include "core/log.h"
#include "core/stop.h"
#include "text/guide.h"

namespace vignette {
namespace {

// Small enough for every client's numbers, so that the answer's seed draws the same again.
std::uint64_t fresh_seed() { return std::random_device{}(); }

class GuideFilter final : public TokenFilter {
public:
    explicit GuideFilter(Guide guide) : guide_(std::move(guide)) {}
    Result<std::span<const std::uint32_t>> allowed() override { return guide_.allowed(); }
    Result<void> accept(TokenId token) override { return guide_.accept(token); }

private:
    Guide guide_;
};

// Few slots, an operator's or a small GPU's, make beams fewer, not jobs impossible: settle() then clamps what
// a job asks for.
BundleInfo fitted(BundleInfo bundle, int slots) {
    GenerationDefaults& defaults = bundle.generation;
    if (defaults.num_beams > slots) {
        log_warning(
            "the model " + bundle.name + " searches with " + std::to_string(defaults.num_beams) +
            " beams and has " + std::to_string(slots) + " slots: searching with as many; a larger " +
            "VIGNETTE_SLOTS gives its usual captions"
        );
    } else if (defaults.num_beams_limit > slots) {
        log_warning(
            "the model " + bundle.name + " has " + std::to_string(slots) + " slots: jobs that ask for more " +
            "beams get as many; a larger VIGNETTE_SLOTS, or a GPU with more memory, allows its usual " +
            std::to_string(defaults.num_beams_limit)
        );
    }
    defaults.num_beams = std::min(defaults.num_beams, slots);
    defaults.num_beams_limit = std::min(defaults.num_beams_limit, slots);
    return bundle;
}

// When a group of frames is shown: between its first and its last.
double middle_of(std::span<const double> times, std::size_t first, std::size_t group) {
    const std::size_t last = std::min(first + group, times.size()) - 1;
    return (times[first] + times[last]) / 2;
}

std::unexpected<Error> fail_boxes(std::string_view of) {
    return fail(
        ErrorCode::invalid_input,
        "the preset \"grounding\" finds boxes in " + std::string(of) + "; leave \"together\" out",
        "input.together"
    );
}

std::string schema_of(const CaptionOptions& options, std::optional<Preset> preset, BoxUnit boxes) {
    if (preset == Preset::grounding) return boxes_schema(boxes);
    return options.schema.value_or(std::string(default_schema));
}

}  // namespace

PictureCaptioner::PictureCaptioner(
    BundleInfo bundle, Tokenizer tokenizer, Model& model, const Limits& limits, const Batching& batching
)
    : bundle_(fitted(std::move(bundle), model.shape().slots)),
      tokenizer_(std::move(tokenizer)),
      limits_(limits),
      model_(model),
      vision_(limits.vision_cache_bytes_max),
      engine_(model, limits, batching, [this] { return vision_.make_room(); }) {}

int PictureCaptioner::pictures_at_once() const {
    return std::max(1, model_.shape().slots / bundle_.generation.num_beams);
}

std::vector<ReadPicture> PictureCaptioner::recall(
    const Job& job, std::span<const CacheKey> pictures, const DecodeNeed& need
) {
    std::vector<ReadPicture> known;
    for (const CacheKey& picture : pictures) {
        KeyDigest digest;
        digest.add(job.tenant);
        digest.add(bundle_.digest);
        digest.add(picture);
        digest.add(need.cover.width);
        digest.add(need.cover.height);
        digest.add(need.fast);
        digest.add(wish_of(job.options).tokens_max);
        ReadPicture& one = known.emplace_back();
        one.key = digest.finish();
        if (std::optional<SeenPicture> seen = vision_.find(*one.key)) {
            one.known = std::move(seen->input);
            one.info = std::move(seen->info);
        }
    }
    return known;
}

Result<Caption> PictureCaptioner::caption(
    const Job& job, ReadPictures pictures, std::stop_token stop, const OnPiece& on_piece
) {
    Stopwatch watch;
    const std::size_t count = pictures.images.size();
    if (count > 1 && bundle_.text.placement == Placement::before) {
        return fail(
            ErrorCode::unsupported,
            "the model " + bundle_.name +
                " looks at one picture at a time; send one, or name a Qwen-VL or LLaVA-NeXT model",
            "input.together"
        );
    }
    if (count > 1 && job.options.preset == Preset::grounding) return fail_boxes("one picture at a time");
    Work work = TRY(read(job, text_of_pictures(bundle_.text, count), std::move(stop)));
    TRY(see(pictures.images, work));
    pictures = {};
    return say(job, std::move(work), watch, on_piece);
}

Result<void> PictureCaptioner::check_takes_films() const {
    if (bundle_.film) return {};
    return fail(
        ErrorCode::unsupported,
        "the model " + bundle_.name +
            " describes films frame by frame only; to ask about a whole film, name a Qwen-VL, "
            "LLaVA-NeXT-Video or Video-LLaVA model",
        "input.together"
    );
}

int PictureCaptioner::frames_together() const {
    return std::min(frames_together_default, bundle_.film->frames_max().value_or(frames_together_default));
}

Result<Caption> PictureCaptioner::caption(
    const Job& job, FilmFrames film, std::stop_token stop, const OnPiece& on_piece
) {
    TRY(check_takes_films());
    if (job.options.preset == Preset::grounding) return fail_boxes("pictures, or a film frame by frame");
    Stopwatch watch;
    std::vector<double> seconds;
    const auto group = static_cast<std::size_t>(bundle_.film->frames);
    for (std::size_t first = 0; first < film.times.size(); first += group)
        seconds.push_back(middle_of(film.times, first, group));
    Work work = TRY(read(job, text_of_film(*bundle_.film, seconds), std::move(stop)));
    TRY(see(film, work));
    const std::vector<double> times = std::move(film.times);
    film = {};
    Caption made = TRY(say(job, std::move(work), watch, on_piece));
    made.timestamps = times;
    return made;
}

// From what the model sees to its words.
Result<Caption> PictureCaptioner::say(const Job& job, Work work, Stopwatch& watch, const OnPiece& on_piece) {
    Caption made;
    assemble(job.options, work);
    made.timings.preprocess = watch.lap();
    CaptionStream pieces(tokenizer_, work.text, on_piece);
    Result<std::vector<Decoded>> decoded = run(work, pieces, made.timings);
    if (!decoded && decoded.error().code != ErrorCode::cancelled) {  // what was seen may be what is wrong
        for (const CacheKey& key : work.kept) vision_.forget(key);
    }
    TRY(answer(work, job.options, TRY(std::move(decoded)), made));
    TRY(pieces.finish(*made.text));
    made.model = describe_use(work.settings);
    made.vision_cached = work.all_seen;
    made.warnings.insert(made.warnings.begin(), work.settings.warnings.begin(), work.settings.warnings.end());
    made.warnings.insert(made.warnings.begin(), job.warnings.begin(), job.warnings.end());
    return made;
}

// All that can be said about a job before its pictures are looked at.
Result<PictureCaptioner::Work> PictureCaptioner::read(const Job& job, SeenText seen, std::stop_token stop)
    const {
    const CaptionOptions options = options_of(job, bundle_);
    Work work;
    work.seen = std::move(seen);
    work.wish = wish_of(options);
    work.job = job.id;
    work.stop = std::move(stop);
    work.settings = TRY(settle(options, bundle_, fresh_seed()));
    work.words = TRY(about(
        "input.prompt", encode_prompt(tokenizer_, bundle_.text, work.settings.prompt, work.seen, limits_)
    ));
    work.text.prefix = options.prefix.value_or("");
    work.text.prefix_tokens =
        TRY(about("input.prefix", encode_prefix(tokenizer_, bundle_.text, work.words, work.text.prefix)));
    work.text.stops = options.stop;
    work.text.wording = work.settings.wording;
    work.settings.rules.forbidden =
        TRY(about("input.bad_words", encode_forbidden(tokenizer_, options.bad_words, work.settings.rules.end))
        );
    if (work.settings.json) work.schema = schema_of(options, work.settings.preset, bundle_.text.boxes);
    return work;
}

Result<void> PictureCaptioner::see(std::vector<ReadPicture>& images, Work& work) {
    for (ReadPicture& one : images) {
        TRY(unless_stopped(work.stop));
        if (!one.known) {
            one.known =
                TRY(one.overlapped ? one.overlapped->finish(one.image)
                                   : model_.preprocess(one.image, work.wish));
            bool seen = false;
            if (one.key) {
                auto [shared, by_another] = vision_.share(*one.key, {.input = one.known, .info = one.info});
                one.known = std::move(shared.input);
                seen = by_another;
            }
            work.all_seen = work.all_seen && seen;
        }
        work.picture = one.info.path == PixelPath::whole ? one.info.size : one.info.full;
        work.seen_in = one.known->shown();
        if (one.key) work.kept.push_back(*one.key);
        work.pictures.push_back(std::move(one.known));
    }
    return {};
}

// Whatever a group's first frame shows begins then.
Result<void> PictureCaptioner::see(const FilmFrames& film, Work& work) const {
    TRY(unless_stopped(work.stop));
    std::vector<double> begins;
    const auto group = static_cast<std::size_t>(bundle_.film->frames);
    for (std::size_t first = 0; first < film.times.size(); first += group)
        begins.push_back(film.times[first] - film.times.front());
    for (std::unique_ptr<ModelInput>& one : TRY(model_.preprocess_film(film.images, begins, work.wish)))
        work.pictures.push_back(std::move(one));
    work.all_seen = false;
    return {};
}

// Only now it is known how many tokens the pictures have.
void PictureCaptioner::assemble(const CaptionOptions& options, Work& work) const {
    std::vector<int> counts;
    counts.reserve(work.pictures.size());
    for (const auto& picture : work.pictures) counts.push_back(picture->tokens());
    Prompt prompt =
        assemble_prompt(bundle_.text, work.words, work.seen.token, counts, work.text.prefix_tokens);
    work.settings.rules.history_from = prompt.history_from;
    work.prompt = std::move(prompt.tokens);
    // The last new token is never written, hence "+ 1".
    const int room = model_.shape().positions - static_cast<int>(work.prompt.size()) + 1;
    fit_into(room, options, bundle_, work.settings);
}

Result<GenerationRequest> PictureCaptioner::request_of(const Work& work, int sample) const {
    GenerationRequest request;
    request.job = work.job;
    request.pictures = work.pictures;
    request.prompt = work.prompt;
    request.may_recur = !work.kept.empty();
    request.rules = work.settings.rules;
    if (request.rules.sampling) request.rules.sampling->seed += static_cast<std::uint64_t>(sample);
    request.stop = work.stop;
    request.ends_here = end_at_stop(tokenizer_, work.text.prefix_tokens, work.text.stops);
    if (work.settings.json) {
        Guide guide = TRY(about(
            "input.schema",
            Guide::from_schema(tokenizer_, work.schema, request.rules.end, model_.shape().vocabulary)
        ));
        request.filter = std::make_unique<GuideFilter>(std::move(guide));
    }
    return request;
}

// Samples run side by side, each as a sequence of its own; only the first is streamed.
Result<std::vector<Decoded>> PictureCaptioner::run(Work& work, CaptionStream& pieces, Timings& timings) {
    std::vector<std::future<Result<Generation>>> others;
    for (int sample = 1; sample < work.settings.samples; ++sample) {
        GenerationRequest request = TRY(request_of(work, sample));
        others.push_back(std::async(std::launch::async, [this, one = std::move(request)]() mutable {
            return engine_.generate(std::move(one));
        }));
    }
    GenerationRequest request = TRY(request_of(work, 0));
    work.pictures.clear();  // the engine lets them go as soon as the model has seen them
    Generation first = TRY(engine_.generate(std::move(request), pieces.on_token()));
    timings.queue = first.queue;
    timings.vision = first.vision;
    timings.prefill = first.prefill;
    timings.decode_steps = first.decode_steps;
    timings.batch = first.batch;
    std::vector<Decoded> decoded = std::move(first.decoded);
    for (std::future<Result<Generation>>& other : others)
        decoded.push_back(std::move(TRY(other.get()).decoded.front()));
    return decoded;
}

// The first of `decoded` is the caption.
Result<void> PictureCaptioner::answer(
    const Work& work, const CaptionOptions& options, std::vector<Decoded> decoded, Caption& made
) const {
    for (const Decoded& one : decoded) {
        FinishedText phrase = TRY(finish_text(tokenizer_, work.text, one));
        const float score = work.settings.rules.sampling ? mean_of(one.logprobs) : one.score;
        std::vector<Warning> warnings;
        if (work.text.wording == Wording::boxes) tell_boxes(work, phrase.text, warnings);
        if (options.n)
            made.alternatives.push_back(
                {.text = phrase.text,
                 .score = score,
                 .finish = phrase.finish,
                 .tokens = static_cast<int>(one.tokens.size())}
            );
        if (&one != &decoded.front()) continue;
        made.text = std::move(phrase.text);
        made.tags = std::move(phrase.tags);
        made.finish = phrase.finish;
        made.stopped_by = std::move(phrase.stopped_by);
        made.warnings = std::move(warnings);
        made.score = one.score;
    }
    made.is_json = work.settings.json;
    made.return_tokens = options.return_tokens;
    made.prompt_tokens = static_cast<int>(work.prompt.size());
    made.tokens = std::move(decoded.front().tokens);
    if (options.logprobs) {
        made.token_texts = TRY(text_of_each(tokenizer_, made.tokens));
        made.logprobs = std::move(decoded.front().logprobs);
        made.confidence = confidence_of(made.logprobs);
    }
    if (made.finish == FinishReason::loop)
        made.warnings.push_back(
            {.field = "input", .message = "the model began to repeat itself; it was ended there"}
        );
    if (made.is_json && work.text.wording != Wording::boxes && made.finish == FinishReason::length) {
        made.warnings.push_back(
            {.field = "input.max_length", .message = "the JSON is not complete; ask for more tokens"}
        );
    }
    return {};
}

// What the model says of places is of the picture as it sees it; the client's picture is another.
void PictureCaptioner::tell_boxes(const Work& work, std::string& text, std::vector<Warning>& warnings) const {
    const Size told_in = bundle_.text.boxes == BoxUnit::thousandths ? Size{1000, 1000} : work.seen_in;
    FoundBoxes found = find_boxes(text, told_in, work.picture);
    text = std::move(found.text);
    if (found.cut_short)
        warnings.push_back(
            {.field = "input.max_length", .message = "the list of boxes is not complete; ask for more tokens"}
        );
    if (found.without_area > 0)
        warnings.push_back(
            {.field = "input",
             .message = std::to_string(found.without_area) + " of the boxes had no area and were left out"}
        );
}

// Only what was in force.
ModelUse PictureCaptioner::describe_use(const Settings& settings) const {
    const DecodingRules& rules = settings.rules;
    ModelUse use{
        .model = bundle_.name,
        .family = bundle_.family,
        .digest = bundle_.digest,
        .device = model_.device(),
        .dtype = std::string(to_text(bundle_.dtype)),
        .weights = std::string(to_text(bundle_.weights)),
        .prompt = settings.prompt,
        .max_length = rules.max_length,
        .min_length = rules.min_length,
        .num_beams = rules.num_beams,
    };
    if (rules.num_beams > 1) use.length_penalty = rules.length_penalty;
    if (settings.preset) use.preset = to_text(*settings.preset);
    if (const auto& sampling = rules.sampling) {
        use.temperature = sampling->temperature;
        use.top_k = sampling->top_k;
        use.top_p = sampling->top_p;
        use.min_p = sampling->min_p;
        use.seed = sampling->seed;
    }
    if (rules.repetition_penalty != 1) use.repetition_penalty = rules.repetition_penalty;
    if (rules.no_repeat_ngram > 0) use.no_repeat_ngram_size = rules.no_repeat_ngram;
    return use;
}

}  // namespace vignette
