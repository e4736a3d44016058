#include "caption/answer_cache.h"

#include <openssl/evp.h>

#include <array>
#include <bit>
#include <memory>
#include <type_traits>

namespace vignette {
namespace {

// Every value goes in with its length or its presence, so that no two jobs give the same bytes.
class Digest {
public:
    Digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

    void add(std::span<const std::byte> bytes) {
        add(bytes.size());
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    }
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
    void add(const std::string& text) { add(std::string_view(text)); }
    template <class Value>
        requires std::is_arithmetic_v<Value> || std::is_enum_v<Value>
    void add(Value value) {
        EVP_DigestUpdate(context_.get(), &value, sizeof value);
    }
    template <class Value>
    void add(const std::optional<Value>& value) {
        add(value.has_value());
        if (value) add(*value);
    }
    void add(const std::vector<std::string>& texts) {
        add(texts.size());
        for (const std::string& text : texts) add(text);
    }

    std::string finish() {
        std::array<unsigned char, 32> bytes{};
        EVP_DigestFinal_ex(context_.get(), bytes.data(), nullptr);
        return {bytes.begin(), bytes.end()};
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

void add_options(Digest& digest, const CaptionOptions& options) {
    // clang-format off: it would make one line of it
    const auto& [prompt, preset, schema, prefix, max_length, fewer, min_length, num_beams, n, length_penalty,
                 temperature, top_k, top_p, min_p, seed, repetition_penalty, no_repeat_ngram_size, loop_guard,
                 stop, bad_words, return_tokens, logprobs] = options;
    // clang-format on
    const auto add_all = [&](const auto&... values) { (digest.add(values), ...); };
    add_all(prompt, preset, schema, prefix, max_length, fewer, min_length, num_beams, n, length_penalty);
    add_all(temperature, top_k, top_p, min_p, seed, repetition_penalty, no_repeat_ngram_size);
    add_all(loop_guard, stop, bad_words, return_tokens, logprobs);
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

std::optional<AnswerCache::Key> AnswerCache::key_of(
    const Job& job, std::span<const Bytes> pictures, std::string_view models
) const {
    if (bytes_max_ == 0 || !job.use_cache || is_drawn(job.options)) return std::nullopt;
    Digest digest;
    digest.add(job.tenant);
    digest.add(models);
    digest.add(pictures.size());
    for (const Bytes& picture : pictures) digest.add(std::span<const std::byte>(picture));
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

std::optional<Caption> AnswerCache::find(const Key& key) {
    const MutexLock lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return std::nullopt;
    kept_.splice(kept_.begin(), kept_, found->second);
    Caption made = found->second->made;
    made.timings = {};
    made.cached = true;
    return made;
}

void AnswerCache::keep(const Key& key, const Caption& made) {
    const std::size_t bytes = bytes_of(made);
    const MutexLock lock(mutex_);
    if (bytes > bytes_max_ || places_.contains(key)) return;
    kept_.push_front({.key = key, .made = made, .bytes = bytes});
    places_.emplace(kept_.front().key, kept_.begin());
    bytes_ += bytes;
    while (bytes_ > bytes_max_) {
        places_.erase(kept_.back().key);
        bytes_ -= kept_.back().bytes;
        kept_.pop_back();
    }
}

std::size_t AnswerCache::bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
}

}  // namespace vignette
