#include "caption/inference_service.h"

#include <algorithm>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "caption/film_collector.h"
#include "caption/film_describer.h"
#include "core/stop.h"
#include "core/stopwatch.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr int embeddings_at_once = 32;

// A vector under way, so that the words can be made meanwhile.
struct Pending {
    std::future<Result<Vector>> vector;
    int text_tokens = 0;
};

Result<Pending> start_text_vector(PictureEmbedder& embedder, Job& job, const std::stop_token& stop) {
    std::vector<TokenId> tokens = TRY(embedder.read(job.text, job.warnings));
    const int count = static_cast<int>(tokens.size());
    return Pending{.vector = TRY(embedder.start(std::move(tokens), stop)), .text_tokens = count};
}

std::unexpected<Error> only_one_for_a_vector() {
    return fail(
        ErrorCode::unsupported, "a vector describes one picture; leave \"together\" out", "input.together"
    );
}

Result<Pending> start_vector(
    PictureEmbedder& embedder, Job& job, const std::vector<ReadPicture>& images, OverlappedPreprocess* begun,
    const std::stop_token& stop
) {
    if (images.empty()) return about("input.text", start_text_vector(embedder, job, stop));
    if (images.size() == 1) return Pending{.vector = TRY(embedder.start(images.front().image, begun, stop))};
    return only_one_for_a_vector();
}

Caption without_words(Job& job) {
    Caption made;
    if (job.task == Task::caption) {
        job.warnings.push_back(
            {.field = "input",
             .message =
                 "captions are switched off, and nothing else was asked for; \"return_embedding\": true "
                 "gives the picture's vector"}
        );
    }
    made.warnings = std::move(job.warnings);
    return made;
}

// By its folder's name, or by the hub's id, after which its folder is usually named: owner--name.
bool is_called(const fs::path& bundle, std::string_view name) {
    std::string folder(name);
    if (const std::size_t slash = folder.find('/'); slash != std::string::npos)
        folder.replace(slash, 1, "--");
    return bundle.filename() == folder;
}

std::vector<CacheKey> file_digests(std::span<const Bytes> pictures) {
    std::vector<CacheKey> digests;
    digests.reserve(pictures.size());
    for (const Bytes& picture : pictures) {
        KeyDigest digest;
        digest.add(std::span<const std::byte>(picture));
        digests.push_back(digest.finish());
    }
    return digests;
}

std::unique_ptr<AnswerFolder> folder_of(const CaptionerConfig& config) {
    if (config.cache_folder.empty()) return nullptr;
    return std::make_unique<AnswerFolder>(config.cache_folder, config.cache_folder_bytes);
}

bool wants_words(const Job& job) { return job.task != Task::embed && job.captions; }

bool wants_vector(const Job& job) { return job.task != Task::caption; }

}  // namespace

InferenceService::InferenceService(
    const CaptionerConfig& config, ModelCache::Open open_model, std::unique_ptr<DecoderPool> decoders
)
    : config_(config),
      models_(std::move(open_model), {.models_max = config.models_max, .idle = config.idle}),
      decoders_(std::move(decoders)),
      cache_(config.cache_bytes, folder_of(config)),
      reader_(config.fetcher, decoders_.get(), config.limits),
      pictures_at_once_(embeddings_at_once) {}

Result<std::unique_ptr<Captioner>> InferenceService::open(
    const CaptionerConfig& config, ModelCache::Open open_model
) {
    if (!config.cache_folder.empty()) TRY(AnswerFolder::prepare(config.cache_folder));
    std::unique_ptr<DecoderPool> decoders;
    if (!config.decoder.empty()) decoders = TRY(DecoderPool::start(config.decoder, PictureReader::places()));
    auto service = std::make_unique<InferenceService>(config, std::move(open_model), std::move(decoders));
    if (!config.lazy) TRY(service->load_default());
    return service;
}

Result<void> InferenceService::load_default() {
    if (!config_.bundle.empty()) {
        const auto words = TRY(acquire<CaptionModel>({{}, {}, config_.bundle}, "captions"));
        pictures_at_once_ = words->captioner.pictures_at_once();
    } else if (!config_.embedder.empty()) {
        TRY(acquire<EmbeddingModel>({{}, {}, config_.embedder}, "vectors"));
    }
    return {};
}

CachesUse InferenceService::caches() const {
    return {
        .answers = cache_.use(),
        .vision = {.hits = vision_hits_, .misses = vision_misses_, .bytes = models_.kept_bytes()}
    };
}

int InferenceService::pictures_at_once() const { return pictures_at_once_; }

Result<void> InferenceService::fetch(Job& job, const std::stop_token& stop) {
    TRY(check_models(job));
    return reader_.fetch(job, stop);
}

Result<void> InferenceService::fetch(Film& film, const std::stop_token& stop) {
    TRY(check_models(film.frame_job));
    return reader_.fetch(film, stop);
}

Result<Caption> InferenceService::caption(Job job, std::stop_token stop, const OnPiece& on_piece) {
    TRY(unless_stopped(stop));
    Timings timings;
    Stopwatch loading;
    const Models models = TRY(models_of(job));
    timings.load = loading.lap();
    const Stopwatch watch;
    const Timings::Duration fetched_in = job.fetched ? job.fetched->took : Timings::Duration{};
    const DecodeNeed need = need_of(models, job);
    Past past;
    const auto known = [&](std::span<const Bytes> encoded) {
        past = remember(models, job, need, encoded);
        return past.answer || (past.all_seen() && !models.vector);
    };
    const auto prepare = [&] { return past.all_seen() ? nullptr : prepare_for(models, job); };
    ReadPictures pictures = TRY(reader_.read(job, need, prepare, known, stop, timings));
    Caption made;
    if (past.answer) {
        made = *std::move(past.answer);
        if (on_piece && made.text) on_piece(*made.text);
    } else {
        past.recall_in(pictures);
        made = TRY(answer(models, std::move(job), std::move(pictures), stop, on_piece));
        if (past.key) cache_.keep(*past.key, made);
    }
    made.timings.load = timings.load;
    made.timings.fetch = timings.fetch;
    made.timings.decode = timings.decode;
    made.timings.total = fetched_in + watch.total();
    return made;
}

bool InferenceService::Past::all_seen() const {
    return !seen.empty() &&
           std::ranges::all_of(seen, [](const ReadPicture& one) { return one.known != nullptr; });
}

// Where all were seen, none may have been decoded.
void InferenceService::Past::recall_in(ReadPictures& pictures) {
    if (pictures.images.empty()) {
        pictures.images = std::move(seen);
        return;
    }
    for (std::size_t i = 0; i < seen.size(); ++i) {
        pictures.images[i].key = seen[i].key;
        pictures.images[i].known = std::move(seen[i].known);
    }
}

InferenceService::Past InferenceService::remember(
    const Models& models, const Job& job, const DecodeNeed& need, std::span<const Bytes> encoded
) {
    Past past;
    const bool keeps_pictures = models.words && models.words->captioner.keeps_pictures();
    if (!job.use_cache || !(cache_.keeps() || keeps_pictures)) return past;
    const std::vector<CacheKey> files = file_digests(encoded);
    past.key = cache_.key_of(job, files, digests_of(models));
    if (past.key) past.answer = cache_.find(*past.key);
    if (past.answer || !keeps_pictures) return past;
    past.seen = models.words->captioner.recall(job, files, need);
    for (const ReadPicture& one : past.seen) ++(one.known ? vision_hits_ : vision_misses_);
    return past;
}

std::string InferenceService::digests_of(const Models& models) {
    std::string digests = models.words ? models.words->captioner.digest() : "";
    digests += '|';
    if (models.vector) digests += models.vector->embedder.digest();
    return digests;
}

// What its models look at: a raw file's preview must not have less.
DecodeNeed InferenceService::need_of(const Models& models, const Job& job) {
    DecodeNeed need{.cover = {}, .fast = job.fast};
    const auto widen = [&](Size size) {
        need.cover.width = std::max(need.cover.width, size.width);
        need.cover.height = std::max(need.cover.height, size.height);
    };
    const auto look_at = [&](const PixelRecipe& recipe) {
        widen(recipe.size);
        widen({recipe.shortest_edge, recipe.shortest_edge});
        for (const Size& pinpoint : recipe.pinpoints) widen(pinpoint);
    };
    if (models.words) look_at(models.words->captioner.bundle().pixels);
    if (models.vector) look_at(models.vector->embedder.bundle().pixels);
    return need;
}

// One model can begin with a picture while it is decoded; a second one has to wait until it is whole.
std::unique_ptr<Preparation> InferenceService::prepare_for(const Models& models, const Job& job) {
    if (models.words) return models.words->captioner.prepare(job);
    if (models.vector) return models.vector->embedder.prepare();
    return nullptr;
}

// Words and vector of pictures that are read, or of a text.
Result<Caption> InferenceService::answer(
    const Models& models, Job job, ReadPictures pictures, const std::stop_token& stop, const OnPiece& on_piece
) {
    std::optional<Pending> pending;
    if (models.vector) {
        const bool for_vector = !models.words && !pictures.images.empty();  // see prepare_for()
        OverlappedPreprocess* const begun = for_vector ? pictures.images.front().overlapped.get() : nullptr;
        pending = TRY(start_vector(models.vector->embedder, job, pictures.images, begun, stop));
    }
    const VectorFormat format = job.vector_format;
    const Task task = job.task;
    std::vector<ImageInfo> infos;
    infos.reserve(pictures.images.size());
    for (const ReadPicture& one : pictures.images) infos.push_back(one.info);
    if (!models.words) pictures = {};
    Caption made = models.words
                       ? TRY(models.words->captioner.caption(job, std::move(pictures), stop, on_piece))
                       : without_words(job);
    if (pending) {
        Stopwatch waiting;
        made.embedding = models.vector->embedder.describe(TRY(pending->vector.get()), format);
        if (pending->text_tokens > 0) made.prompt_tokens = pending->text_tokens;
        made.timings.embed = waiting.lap();
    }
    made.task = task;
    made.images = std::move(infos);
    return made;
}

Result<FilmInfo> InferenceService::describe(
    Film film, std::stop_token stop, const OnFrame& on_frame, const OnPiece& on_piece
) {
    TRY(unless_stopped(stop));
    const Models models = TRY(models_of(film.frame_job));
    if (film.options.together) return describe_together(models, std::move(film), stop, on_frame, on_piece);
    const int room = models.words ? models.words->captioner.pictures_at_once() : embeddings_at_once;
    const AnswerFrame answer_frame = [&](Job job, DecodedImage frame,
                                         const std::stop_token& stopped) -> Result<Caption> {
        const Stopwatch watch;
        ReadPictures picture{.images = {}, .pass = TRY(reader_.admit(job.id, stopped))};
        picture.images.push_back({std::move(frame), nullptr, {}, {}});
        Caption made = TRY(answer(models, std::move(job), std::move(picture), stopped, {}));
        made.timings.total = watch.total();
        return made;
    };
    return describe_film(
        std::move(film),
        {.limits = config_.limits,
         .reader = reader_,
         .frames_at_once = std::min(room, film_frames_at_once_max)},
        answer_frame, stop, on_frame
    );
}

// One answer about all frames, or one for each window.
Result<FilmInfo> InferenceService::describe_together(
    const Models& models, Film film, const std::stop_token& stop, const OnFrame& on_frame,
    const OnPiece& on_piece
) {
    if (models.vector) return only_one_for_a_vector();
    if (!models.words)
        return fail(ErrorCode::unsupported, "captions are off; leave \"together\" out", "input.together");
    PictureCaptioner& captioner = models.words->captioner;
    TRY(captioner.check_takes_films());
    const bool whole = is_whole(film.options);
    const AnswerFrames answer = [&](Job job, FrameSeries series, const std::stop_token& stopped) {
        return answer_about(
            captioner, std::move(job), std::move(series), stopped, whole ? on_piece : OnPiece()
        );
    };
    const FilmMeans means{
        .limits = config_.limits,
        .reader = reader_,
        .frames_at_once = captioner.pictures_at_once(),
        .frames_together = captioner.frames_together()
    };
    const auto describe = whole ? describe_whole_film : describe_windows;
    return describe(std::move(film), means, answer, stop, on_frame);
}

// One prompt about all of these frames.
Result<Caption> InferenceService::answer_about(
    PictureCaptioner& captioner, Job job, FrameSeries series, const std::stop_token& stop,
    const OnPiece& on_piece
) {
    const Stopwatch watch;
    job.is_frame = false;
    job.is_film = true;
    FilmFrames frames{
        .images = std::move(series.images),
        .times = std::move(series.times),
        .held = std::move(series.held),
        .pass = TRY(reader_.admit(job.id, stop))
    };
    Caption made = TRY(captioner.caption(job, std::move(frames), stop, on_piece));
    made.task = job.task;
    made.timings.decode = series.decoding;
    made.timings.total = series.decoding + watch.total();
    return made;
}

// A job for words gets none where captions are off: an empty answer, not an error, and no model loaded.
std::optional<InferenceService::Wanted> InferenceService::words_wanted(const Job& job) const {
    if (!wants_words(job) || config_.bundle.empty()) return std::nullopt;
    return Wanted{job.model, "input.model", config_.bundle};
}

std::optional<InferenceService::Wanted> InferenceService::vector_wanted(const Job& job) const {
    if (!wants_vector(job)) return std::nullopt;
    const bool alone = job.task == Task::embed && job.embedder.empty();
    return Wanted{
        alone ? job.model : job.embedder, alone ? "input.model" : "input.embedding_model", config_.embedder
    };
}

// Nothing is fetched for a model that is not here.
Result<void> InferenceService::check_models(const Job& job) const {
    for (const auto& wanted : {vector_wanted(job), words_wanted(job)})
        if (wanted) TRY(about(wanted->field, find(*wanted)));
    return {};
}

Result<InferenceService::Models> InferenceService::models_of(const Job& job) {
    Models models;
    if (const auto wanted = vector_wanted(job))
        models.vector = TRY(acquire<EmbeddingModel>(*wanted, "vectors"));
    if (const auto wanted = words_wanted(job)) models.words = TRY(acquire<CaptionModel>(*wanted, "captions"));
    return models;
}

Result<fs::path> InferenceService::find(const Wanted& wanted) const {
    if (wanted.name.empty()) {
        if (!wanted.standard.empty()) return wanted.standard;
        return fail(
            ErrorCode::model_not_found,
            "there is no model for that here; the operator may set one with VIGNETTE_EMBEDDER"
        );
    }
    for (const fs::path& known : {config_.bundle, config_.embedder}) {
        if (!known.empty() && is_called(known, wanted.name)) return known;
    }
    if (config_.find_bundle) return config_.find_bundle(wanted.name);
    return fail(
        ErrorCode::model_not_found,
        "there is no model \"" + std::string(wanted.name) + "\" here; leave the field out, or name another"
    );
}

template <class Kind>
Result<std::shared_ptr<Kind>> InferenceService::acquire(const Wanted& wanted, std::string_view what_for) {
    const fs::path bundle = TRY(about(wanted.field, find(wanted)));
    std::shared_ptr<OpenedModel> opened = TRY(models_.acquire(bundle));
    std::shared_ptr<Kind> model = std::dynamic_pointer_cast<Kind>(std::move(opened));
    if (model) return model;
    return fail(
        ErrorCode::invalid_input,
        "the model " + bundle.filename().string() + " does not make " + std::string(what_for) +
            "; name another, or leave the field out",
        std::string(wanted.field)
    );
}

}  // namespace vignette
