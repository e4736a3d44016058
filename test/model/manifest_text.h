// A right manifest, for tests to break.
#pragma once

#include <string_view>

namespace vignette {

inline constexpr std::string_view manifest_text = R"({
  "manifest_version": 1, "name": "tiny", "family": "blip2-opt", "dtype": "float16",
  "program": {"file": "program.pt", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
  "tokenizer": {"file": "tokenizer.json", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
  "weights": {
    "folder": ".",
    "files": [{"file": "model.safetensors", "bytes": 12, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],
    "ties": {"head.weight": "embed.weight"},
    "renames": [["old.", "new."]],
    "float32": ["qformer."]
  },
  "image": {"width": 224, "height": 112, "resample": "bicubic", "mean": [1, 2.5, 3], "std": [68.5, 66, 70]},
  "text": {"template": "{prompt}", "default_prompt": "a photo of", "image_token": 500, "image_tokens": 32,
           "bos": 2, "eos": [50, 51], "pad": 1, "vocabulary": 512},
  "cache": {"layers": 3, "heads": 4, "head_dim": 16, "positions": 96},
  "generation": {"max_length": 40, "max_length_limit": 50, "min_length": 8, "num_beams": 3, "num_beams_limit": 5,
                 "length_penalty": -1.5, "early_stopping": true}
})";

}  // namespace vignette
