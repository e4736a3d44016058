#include "caption/cache/answer_cache.h"

namespace vignette {
namespace {

void add_options(KeyDigest& digest, const CaptionOptions& options) {
    // clang-format off: it would make one line of it
    const auto& [prompt, preset, schema, prefix, max_length, fewer, min_length, num_beams, n, length_penalty,
                 temperature, top_k, top_p, min_p, seed, repetition_penalty, no_repeat_ngram_size, loop_guard,
                 picture_tokens, stop, bad_words, return_tokens, logprobs] = options;
    // clang-format on
    const auto add_all = [&](const auto&... values) { (digest.add(values), ...); };
    add_all(prompt, preset, schema, prefix, max_length, fewer, min_length, num_beams, n, length_penalty);
    add_all(temperature, top_k, top_p, min_p, seed, repetition_penalty, no_repeat_ngram_size);
    add_all(loop_guard, picture_tokens, stop, bad_words, return_tokens, logprobs);
}

bool is_drawn(const CaptionOptions& options) {
    const bool samples = options.temperature || options.top_k || options.top_p || options.min_p || options.n;
    const bool cold = options.temperature && *options.temperature == 0;
    return samples && !cold && !options.seed;
}

std::size_t bytes_of(const Caption& made) {
    constexpr std::size_t itself = 1024;  // the object and its short texts
    std::size_t bytes = itself + made.text.value_or("").size() + made.tokens.size() * sizeof(TokenId) +
                        made.logprobs.size() * sizeof(float) + made.model.prompt.size();
    if (made.embedding) bytes += made.embedding->values.size() * sizeof(float);
    for (const std::string& one : made.token_texts) bytes += one.size() + sizeof(std::string);
    for (const std::string& one : made.tags.value_or(std::vector<std::string>()))
        bytes += one.size() + sizeof(std::string);
    for (const Alternative& one : made.alternatives) bytes += one.text.size() + sizeof one;
    return bytes;
}

}  // namespace

std::optional<CacheKey> AnswerCache::key_of(
    const Job& job, std::span<const CacheKey> pictures, std::string_view models
) const {
    if (!keeps() || !job.use_cache || is_drawn(job.options)) return std::nullopt;
    KeyDigest digest;
    digest.add(job.tenant);
    digest.add(models);
    digest.add(pictures.size());
    for (const CacheKey& picture : pictures) digest.add(picture);
    digest.add(job.text);
    digest.add(job.task);
    digest.add(job.captions);
    digest.add(job.is_frame);
    digest.add(job.fast);
    digest.add(job.vector_format);
    add_options(digest, job.options);
    digest.add(job.warnings.size());  // they are part of the answer
    for (const Warning& warning : job.warnings) {
        digest.add(warning.field);
        digest.add(warning.message);
    }
    return digest.finish();
}

// What the folder has had to give is in memory from then on.
std::optional<Caption> AnswerCache::find(const CacheKey& key) {
    std::optional<Caption> made = find_in_memory(key);
    if (!made && folder_) {
        made = folder_->find(key);
        if (made) keep_in_memory(key, *made);
    }
    const MutexLock lock(mutex_);
    ++(made ? use_.hits : use_.misses);
    if (!made) return std::nullopt;
    made->timings = {};
    made->cached = true;
    made->vision_cached = false;  // nobody looked
    return made;
}

std::optional<Caption> AnswerCache::find_in_memory(const CacheKey& key) {
    const MutexLock lock(mutex_);
    const Caption* const kept = kept_.find(key);
    return kept == nullptr ? std::nullopt : std::optional(*kept);
}

void AnswerCache::keep(const CacheKey& key, const Caption& made) {
    keep_in_memory(key, made);
    if (folder_) folder_->keep(key, made);
}

void AnswerCache::keep_in_memory(const CacheKey& key, const Caption& made) {
    const std::size_t bytes = bytes_of(made);
    const MutexLock lock(mutex_);
    if (bytes > bytes_max_) return;
    kept_.add(key, made, bytes);
    kept_.shrink(bytes_max_, [](const Caption&) { return true; });
}

CacheUse AnswerCache::use() const {
    const MutexLock lock(mutex_);
    CacheUse use = use_;
    use.bytes = kept_.bytes();
    return use;
}

}  // namespace vignette
