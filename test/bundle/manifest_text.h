// Right manifests, for tests to break.
#pragma once

#include <string_view>

namespace vignette {

inline constexpr std::string_view manifest_text = R"({
  "manifest_version": 2, "name": "tiny", "family": "blip2-opt", "kind": "captioner", "dtype": "float16",
  "source": "people/tiny",
  "program": {"file": "program.pt", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
  "tokenizer": {"file": "tokenizer.json", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
  "weights": {
    "folder": ".",
    "files": [{"file": "model.safetensors", "bytes": 12, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],
    "ties": {"head.weight": "embed.weight"},
    "renames": [["old.", "new."]],
    "packs": {"attention.qkv": ["query.weight", "key.weight"]},
    "float32": ["qformer."]
  },
  "image": {"recipe": "stretch", "width": 224, "height": 112, "resample": "bicubic", "mean": [1, 2.5, 3], "std": [68.5, 66, 70]},
  "text": {"template": "{prompt}", "image_text": "", "default_prompt": "a photo of", "placement": "before",
           "image_token": 500, "image_tokens": 32, "special_tokens": true, "prefix": [2], "suffix": [3, 4],
           "history": "suffix", "bos": 2, "eos": [50, 51], "pad": 1, "vocabulary": 512},
  "cache": {"layers": 3, "heads": 4, "head_dim": 16, "positions": 96},
  "generation": {"max_length": 40, "max_length_limit": 50, "min_length": 8, "num_beams": 3, "num_beams_limit": 5,
                 "length_penalty": -1.5, "early_stopping": true}
})";

// What differs in a manifest of LLaVA-NeXT: the picture is cut into tiles, and its size says how many.
inline constexpr std::string_view anyres_patch = R"({
  "family": "llava-next",
  "image": {"recipe": "anyres", "width": 56, "height": 56, "pinpoints": [[56, 112], [168, 56]], "patch": 14},
  "text": {"template": "[INST] {images}{prompt} [/INST]", "image_text": "<image>\n", "placement": "placeholder",
           "image_tokens": 0, "history": "all"}
})";

// Of Qwen-VL: pictures keep their shape, within bounds.
inline constexpr std::string_view fit_patch = R"({
  "family": "qwen3_vl",
  "image": {"recipe": "fit", "width": null, "height": null, "patch": 32, "pixels_min": 65536, "pixels_max": 1310720},
  "text": {"template": "{images}{prompt}", "image_text": "<|image_pad|>", "placement": "placeholder",
           "image_tokens": 0, "history": "all"},
  "generation": {"repetition_penalty": 1.05}
})";

// Beside fit_patch: films as Qwen2.5-VL takes them.
inline constexpr std::string_view film_patch = R"({
  "film": {"frames": 2, "token": 501, "text": "<s>{groups}</s>", "group_text": "<v>", "pixels_of": "frame",
           "pixels_min": 100352, "pixels_max": 602112, "tokens_max": 64, "ticks_per_second": 2}
})";

// Beside anyres_patch: films as LLaVA-NeXT-Video takes them.
inline constexpr std::string_view cropped_film_patch = R"({
  "family": "llava_next_video",
  "film": {"recipe": "crop", "width": 56, "height": 42, "shortest_edge": 60, "frames": 1, "token": 501,
           "text": "{groups}\n", "group_text": "<video>", "group_tokens": 4, "tokens_max": 64}
})";

// Of Video-LLaVA: pictures are made as Pillow makes them, and films are not.
inline constexpr std::string_view pillow_patch = R"({
  "family": "video_llava",
  "image": {"recipe": "crop", "shortest_edge": 230, "resample": "pillow", "rescale": 0.00392156862745098,
            "mean": [0.5, 0.25, 0.75], "std": [0.25, 0.5, 0.125]},
  "text": {"template": "USER: {images}{prompt} ASSISTANT:", "image_text": "<image>\n", "placement": "placeholder"},
  "film": {"recipe": "crop", "width": 56, "height": 42, "shortest_edge": 60, "frames": 1, "token": 501,
           "text": "{groups}\n", "group_text": "<video>", "group_tokens": 5, "tokens_max": 64,
           "mean": [127.5, 64, 191], "std": [64, 127.5, 32]}
})";

// Of CLIP: neither cache nor generation.
inline constexpr std::string_view embedder_patch = R"({
  "family": "clip", "kind": "embedder", "cache": null, "generation": null,
  "image": {"recipe": "crop", "shortest_edge": 240},
  "text": {"max_tokens": 77, "image_text": null, "default_prompt": null, "placement": null, "image_token": null,
           "image_tokens": null, "prefix": null, "suffix": null, "history": null, "bos": null, "eos": null},
  "embedding": {"width": 24}
})";

// Of a bundle that waits for its weights.
inline constexpr std::string_view ready_patch = R"({
  "weights": {"folder": null, "files": []}, "tokenizer": {"sha256": null}
})";

}  // namespace vignette
