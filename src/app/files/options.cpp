#include "app/files/options.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "app/usage/checks.h"
#include "app/usage/help.h"
#include "core/enum_text.h"

namespace vignette {
namespace {

constexpr const char* caption_examples = R"(Examples:
  vignette caption photo.jpg                       one line: what the picture shows
  vignette caption --json *.png | jq .caption      the whole answer, one JSON object a line, with "file" and "index"
  vignette caption --preset alt_text photo.jpg     one sentence of at most 125 characters, for an alt attribute
  vignette caption --fps 0.5 film.mp4              one frame every two seconds, one line each
  curl -sS https://example.com/p.jpg | vignette caption -     standard input or a pipe: a picture or a film)";

constexpr const char* embed_examples = R"(Examples:
  vignette embed photo.jpg --text "a red circle"   vectors; their dot product says how well they match)";

// The same ranges as a job's fields have: docs/jobs.md.
void add_caption_options(CLI::App& caption, CaptionOptions& options) {
    std::map<std::string, Preset> names;
    for (const Preset preset : presets) names[std::string(to_text(preset))] = preset;
    caption
        .add_option(
            "--preset", options.preset,
            "alt_text, one_sentence, detailed, tags, production, json or grounding"
        )
        ->transform(one_of(names));
    caption.add_option("--prompt", options.prompt, "Text the caption continues; the bundle has a default");
    caption.add_option("--prefix", options.prefix, "How the caption begins");
    caption.add_option("--max_length", options.max_length, "New tokens at most")->transform(whole_number());
    caption.add_option("--min_length", options.min_length, "New tokens at least")->transform(whole_number());
    caption.add_option("--num_beams", options.num_beams, "1: greedy; more: beam search")
        ->transform(whole_number());
    caption.add_option("--n", options.n, "Captions per picture, one line each")
        ->transform(whole_number(1, 64));
    caption
        .add_option(
            "--temperature", options.temperature, "Sampling temperature; 0: always the most likely words"
        )
        ->check(number(0.0, 100.0));
    caption.add_option("--top_k", options.top_k, "Sample from the k most likely tokens")
        ->transform(whole_number(0, 1'000'000));
    caption
        .add_option(
            "--top_p", options.top_p, "Sample from the most likely tokens with this total probability"
        )
        ->check(number(1e-6, 1.0));
    caption.add_option("--seed", options.seed, "The same seed gives the same words")
        ->transform(whole_number(0, std::int64_t{1} << 53));
    caption.add_option("--repetition_penalty", options.repetition_penalty, "Above 1: less repetition")
        ->check(number(0.01, 100.0));
    caption
        .add_option(
            "--picture_tokens", options.picture_tokens,
            "Tokens of a picture at most, for Qwen-VL: fewer are faster and see less"
        )
        ->transform(whole_number(1, 1 << 20));
    caption.add_option("--stop", options.stop, "The caption ends before this text; repeatable")
        ->check(not_empty())
        ->allow_extra_args(false);
}

// The frames of a film; the same ranges as a job's fields have.
void add_frames(CLI::App& caption, FrameOptions& frames) {
    CLI::Option* fps = caption.add_option("--fps", frames.fps, "Of a film: frames described per second; 1");
    fps->check(number(1e-6, 1000.0));
    CLI::Option* keyframes =
        add_switch(caption, "--keyframes", frames.keyframes, "Of a film: the first frame of each scene")
            ->excludes(fps);
    CLI::Option* timestamps =
        caption
            .add_option("--timestamps", frames.timestamps, "Of a film: the frames at these seconds: 0,2.5,10")
            ->delimiter(',')
            ->allow_extra_args(false)
            ->check(number(0, 1e9))
            ->excludes(fps)
            ->excludes(keyframes);
    caption
        .add_option("--max-frames", frames.max_frames, "Of a film: describe at most this many frames; 1000")
        ->transform(whole_number(1, std::int64_t{1} << 53));
    add_switch(
        caption, "--together", frames.together,
        "Of a film: one caption about 16 frames, spread over all of it; Qwen-VL, LLaVA-NeXT-Video and "
        "Video-LLaVA can"
    );
    caption
        .add_option(
            "--window", frames.window,
            "Of a film: describe windows of this many seconds, each as with --together, and then all of it"
        )
        ->check(number(1, 86'400))
        ->excludes(keyframes)
        ->excludes(timestamps);
    add_switch(
        caption, "--keep-duplicates", frames.keep_duplicates,
        "Of a film: also describe frames that look like the one before"
    );
}

// What both commands take.
void add_files(CLI::App& command, Options& options) {
    command
        .add_option(
            "--max-bytes", options.max_bytes,
            "Bytes of a picture or film at most; default: 20 MiB, of camera raw 128 MiB, of a film 256 MiB"
        )
        ->transform(whole_number(1, 134'217'728));
    command
        .add_option(
            "--max-pixels", options.max_pixels, "Pixels of a picture or frame at most; default: 100000000"
        )
        ->transform(whole_number(1, 100'000'000));
    command
        .add_option(
            "--allow-files", options.allowed_files, "Folder whose files may be named by file: addresses"
        )
        ->allow_extra_args(false)
        ->capture_default_str();
}

}  // namespace

void add_cache_folder(CLI::App& command, Options& options) {
    command
        .add_option(
            "--cache-folder", options.cache_folder,
            "Folder that keeps answers for the same job asked again, even across crashes; several may share "
            "it"
        )
        ->envname("VIGNETTE_CACHE_FOLDER");
    command.add_option("--cache-folder-mib", options.cache_folder_mib, "How large that folder may grow")
        ->envname("VIGNETTE_CACHE_FOLDER_MIB")
        ->transform(whole_number(1, 1'048'576))
        ->capture_default_str();
}

CLI::App* add_caption(CLI::App& app, Options& options) {
    CLI::App* caption =
        app.add_subcommand("caption", "Describe pictures and films, one line a picture or frame");
    caption->footer(std::string(caption_examples) + "\n\n" + common_footer);
    caption
        ->add_option(
            "FILE", options.files,
            "Pictures (JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF, BMP, camera raw) and films (MP4, MOV, WebM, "
            "MKV, AVI); "
            "files or addresses"
        )
        ->required();
    add_files(*caption, options);
    add_switch(*caption, "--json", options.json, "Print each result object as one line of JSON");
    add_switch(*caption, "--tokens", options.caption.return_tokens, "Add the token ids to the JSON");
    add_switch(
        *caption, "--logprobs", options.caption.logprobs, "Add each token's log probability to the JSON"
    );
    add_caption_options(*caption, options.caption);
    add_frames(*caption, options.frames);
    add_cache_folder(*caption, options);
    caption->add_option("--parallel", options.parallel, "Pictures processed at once")
        ->transform(whole_number(1, 64))
        ->capture_default_str();
    return caption;
}

CLI::App* add_embed(CLI::App& app, Options& options) {
    CLI::App* embed = app.add_subcommand(
        "embed", "Turn pictures and texts into vectors of one space, one JSON object a line"
    );
    embed->add_option(
        "FILE", options.files,
        "Pictures: JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF, BMP, camera raw; files or addresses"
    );
    embed->footer(embed_examples);
    add_files(*embed, options);
    embed->add_option("--text", options.texts, "A text; repeatable")->allow_extra_args(false);
    const std::map<std::string, VectorFormat> formats{
        {"float", VectorFormat::numbers}, {"base64", VectorFormat::base64}
    };
    embed->add_option("--format", options.vector_format, "float, or base64 of little-endian float32")
        ->transform(one_of(formats));
    return embed;
}

}  // namespace vignette
