"""Random BLIP-2 models with real sizes, as snapshots: for timing, where what the model says does not matter."""

import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    Blip2Config,
    Blip2Processor,
    Blip2QFormerConfig,
    Blip2VisionConfig,
    BlipImageProcessor,
    OPTConfig,
    PreTrainedTokenizerFast,
)

from big_models.published import draw_weights, widen
from scenes.models.blip2 import MEAN, STD, make_tokenizer

BOS, PAD = 2, 1
KEPT_IN_FLOAT32 = ("qformer.", "query_tokens")  # by transformers too, when it loads float16


def make_config(*, image, patch, vision, qformer, text, vocabulary, positions, queries, image_token, end):
    """`vision`, `qformer` and `text` are (width, layers, heads, inner width)."""

    def sizes(part):
        width, layers, heads, inner = part
        return {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}, inner

    vision_sizes, vision_inner = sizes(vision)
    qformer_sizes, qformer_inner = sizes(qformer)
    text_sizes, text_inner = sizes(text)
    return Blip2Config(
        vision_config=Blip2VisionConfig(
            **vision_sizes, intermediate_size=vision_inner, image_size=image, patch_size=patch
        ),
        qformer_config=Blip2QFormerConfig(
            **qformer_sizes, intermediate_size=qformer_inner, encoder_hidden_size=vision[0], vocab_size=8
        ),
        text_config=OPTConfig(
            **text_sizes, ffn_dim=text_inner, word_embed_proj_dim=text[0], vocab_size=vocabulary,
            max_position_embeddings=positions, bos_token_id=BOS, pad_token_id=PAD, eos_token_id=end,
        ),
        num_query_tokens=queries,
        image_token_index=image_token,
    )  # fmt: skip


def save_processor(folder, config):
    text = config.text_config
    places = {"\u010a": text.eos_token_id, "<image>": config.image_token_index}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=widen(make_tokenizer().backend_tokenizer, text.vocab_size, places),
        bos_token="</s>", eos_token="</s>", unk_token="</s>", pad_token="<pad>", clean_up_tokenization_spaces=False,
    )  # fmt: skip
    side = config.vision_config.image_size
    images = BlipImageProcessor(size={"height": side, "width": side}, resample=3, image_mean=MEAN, image_std=STD)
    Blip2Processor(images, tokenizer, num_query_tokens=config.num_query_tokens).save_pretrained(folder)
    images.save_pretrained(folder)  # as the hub has it: in a file of its own


def fill(module):
    weights = dict(module.named_parameters())
    with torch.no_grad():
        for name, values in draw_weights({name: weight.shape for name, weight in weights.items()}):
            weights[name].copy_(values)


def make_module(config, dtype):
    """The exporter's module with values, in the types that transformers gives a model of this dtype."""
    from export.families.blip2_opt import make_program

    module = make_program(config)
    for name, weight in module.named_parameters():
        keep = dtype == torch.float16 and name.startswith(KEPT_IN_FLOAT32)
        weight.data = weight.data.to(torch.float32 if keep else dtype)
    module.to_empty(device="cpu")
    module.language_model.lm_head.weight = module.language_model.model.decoder.embed_tokens.weight
    fill(module)
    return module


def save_snapshot(folder, config, module):
    dtype = module.language_model.lm_head.weight.dtype
    config.architectures, config.dtype = ["Blip2ForConditionalGeneration"], str(dtype).removeprefix("torch.")
    config.save_pretrained(folder)
    save_processor(folder, config)
    weights = {name: weight.data for name, weight in module.named_parameters()}  # a tied one once, as in a checkpoint
    weights["language_model.model.decoder.embed_tokens.weight"] = weights.pop(
        "language_model.lm_head.weight", module.language_model.lm_head.weight.data
    )
    save_file(weights, Path(folder) / "model.safetensors", {"format": "pt"})
    return folder


def export(snapshot, bundle, *options):
    command = [sys.executable, "-m", "export", str(snapshot), str(bundle), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the export of {snapshot} failed:\n{done.stderr}")
    return bundle


def make_big_archives(folder):
    """0.7 GB of float16 in both forms: (full TorchScript archive with its weights, bundle beside its snapshot)."""
    config = make_config(
        image=56, patch=14, vision=(256, 4, 4, 1024), qformer=(256, 2, 4, 1024), text=(1024, 24, 16, 4096),
        vocabulary=50304, positions=2048, queries=32, image_token=50265, end=50118,
    )  # fmt: skip
    folder = Path(folder)
    module = make_module(config, torch.float16)
    snapshot = save_snapshot(folder / "big-snapshot", config, module)
    archive = folder / "full.pt"
    torch.jit.script(module).save(str(archive))
    return archive, export(snapshot, folder / "big-bundle", "--dtype", "float16")


def make_base_bundle(folder):
    """1 GB of float32: a vision tower like BLIP's base and the smallest OPT, what a desk without a GPU would run."""
    config = make_config(
        image=224, patch=14, vision=(768, 12, 12, 3072), qformer=(768, 4, 12, 3072), text=(768, 12, 12, 3072),
        vocabulary=50304, positions=2048, queries=32, image_token=50265, end=50118,
    )  # fmt: skip
    folder = Path(folder)
    snapshot = save_snapshot(folder / "base-snapshot", config, make_module(config, torch.float32))
    return export(snapshot, folder / "base-bundle")
