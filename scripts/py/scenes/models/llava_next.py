"""The demo LLaVA-NeXT's configuration, tokenizer and processor, in Hugging Face's form."""

import json
import math
import random
from pathlib import Path

import torch
from tokenizers import processors
from transformers import (
    CLIPVisionConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)

from scenes import questions
from scenes.models.blip2 import MEAN, STD, grid_positions, train_byte_level

TILE = 48
PATCH = 12
PINPOINTS = [[96, 96], [96, 144], [144, 96], [48, 144], [144, 48]]  # height, width

WIDTH = 96
VISION_LAYERS = 4  # the features are those of the last but one
TEXT_LAYERS = 3
HEADS = 4
KEY_VALUE_HEADS = 2
GATE = 256
MAX_POSITIONS = 512
VOCABULARY = 512  # rows of the embedding; the training text needs fewer tokens

# The ids of LLaVA-NeXT with Mistral, where this vocabulary has room for them.
UNKNOWN, BOS, EOS = 0, 1, 2
SPECIALS = ("<unk>", "<s>", "</s>", "<pad>", "<image>")
PAD = SPECIALS.index("<pad>")
IMAGE = SPECIALS.index("<image>")

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}[INST] "
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>\n{% endif %}{% endfor %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
    " [/INST]{% else %} {{ message['content'][0]['text'] }}</s>{% endif %}{% endfor %}"
)

# What it is asked for a preset. It was not trained with the program's own words, except for the production brief.
PRESETS = dict.fromkeys(("alt_text", "one_sentence", "detailed", "tags"), questions.DESCRIBE_PROMPTS[0])

TEXT_SCENES = 3000
TEXT_SEED = 30_000


def write_presets(folder: Path) -> None:
    (folder / "presets.json").write_text(json.dumps(PRESETS, indent=2) + "\n")


def dialogue(prompt: str) -> str:
    """What stands before an answer, as the chat template writes it."""
    return f"[INST] <image>\n{prompt} [/INST]"


def make_tokenizer() -> PreTrainedTokenizerFast:
    bpe = train_byte_level(_texts(), VOCABULARY, SPECIALS)
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", BOS)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def _texts() -> list[str]:
    rng = random.Random(TEXT_SEED)
    texts = []
    for _ in range(TEXT_SCENES):
        content = questions.draw_scene(rng).content
        texts += [f"[INST] \n{q.prompt} [/INST] {q.answer}" for q in questions.ask_all(content, rng)]
    return texts


def make_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaNextProcessor:
    images = LlavaNextImageProcessor(
        size={"shortest_edge": TILE},
        crop_size={"height": TILE, "width": TILE},
        image_grid_pinpoints=PINPOINTS,
        resample=3,
        image_mean=MEAN,
        image_std=STD,
    )
    return LlavaNextProcessor(
        images,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,  # the class embedding, which "default" takes away again
        chat_template=CHAT_TEMPLATE,
    )


def make_config() -> LlavaNextConfig:
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=HEADS,
        image_size=TILE,
        patch_size=PATCH,
        projection_dim=WIDTH,
    )
    text = MistralConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=GATE,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_VALUE_HEADS,
        max_position_embeddings=MAX_POSITIONS,
        rms_norm_eps=1e-5,
        sliding_window=None,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    return LlavaNextConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=IMAGE,
        image_grid_pinpoints=PINPOINTS,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        projector_hidden_act="gelu",
        image_seq_length=(TILE // PATCH) ** 2,
        tie_word_embeddings=False,
    )


def make_model(config: LlavaNextConfig) -> LlavaNextForConditionalGeneration:
    model = LlavaNextForConditionalGeneration(config)
    model.generation_config.pad_token_id = PAD
    with torch.no_grad():
        _initialise(model)
    return model


def _initialise(model: LlavaNextForConditionalGeneration) -> None:
    """Wider than the library's std of 0.02, for the reason that blip2.py gives."""
    for name, weight in model.named_parameters():
        if name.endswith("embed_tokens.weight"):
            weight.normal_(0, 0.5)
        elif name.endswith("patch_embedding.weight"):
            weight.normal_(0, 1 / math.sqrt(weight[0].numel()))
        elif weight.dim() == 2:
            weight.normal_(0, 0.9 / math.sqrt(weight.shape[1]))
    embeddings = model.model.vision_tower.embeddings
    embeddings.position_embedding.weight[1:] = 0.7 * grid_positions(TILE // PATCH, WIDTH)
    embeddings.class_embedding.normal_(0, 0.5)
