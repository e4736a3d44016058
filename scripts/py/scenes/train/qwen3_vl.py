"""Trains the demo Qwen3-VL: a genuine, very small one that describes drawn scenes and drawn films.

The result is an ordinary Hugging Face snapshot folder. The same options give
the same weights on the same machine, also when a run is taken up again.

    python -m scenes.train.qwen3_vl --out build/demo-qwen3-vl
"""

import random
import time
from pathlib import Path

import torch
from torch import nn
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb
from transformers.utils.logging import disable_progress_bar

from export.parts.qwen3_vision import neighbours
from export.parts.qwen_vision import patch_places, patchify, turn_wide, vision_rotary
from scenes.models.qwen3_vl import (
    FILM_PROMPTS,
    FRAMES,
    PICTURE_PROMPTS,
    make_config,
    make_model,
    make_processor,
    make_tokenizer,
    write_presets,
)
from scenes.train.blip2 import Average, save_snapshot
from scenes.train.loop import State, attend, descend, learning_rate, load_batches, make_optimizer, run, use_attend
from scenes.train.qwen3_vl_batches import IGNORED, Batch, Batches, Packer, normalised

STEPS = 8_500
LEARNING_RATE = 1.2e-3
# Pictures and films of a step. Films cost four times as much, and their shapes and colours are learned from pictures.
ONLY_PICTURES, BOTH = (24, 0), (16, 8)
FILMS_FROM_STEP = 1_000

REPORT_EVERY = 250
REPORT_BATCHES = 10  # of pictures, and of films
REPORT_EXAMPLES = 20
REPORT_SEED = 99_999


class Trainee(nn.Module):
    """The model's own modules, called so that one pass serves all pictures, or all groups of frames, of a batch."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model
        use_attend(model.model.language_model)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits behind the prompt, [examples, labels, vocabulary]."""
        language = self.model.model.language_model
        rows = language.embed_tokens(batch.ids)
        seen, deep = (part.reshape(len(rows), -1, rows.shape[2]).to(rows.dtype) for part in self._see(batch.pixels))
        rows = rows.index_copy(1, batch.spots, seen)
        angles = language.rotary_emb(rows, batch.places[:, None])
        for number, layer in enumerate(language.layers[:-1]):
            rows = layer(rows, attention_mask=None, position_embeddings=angles)
            if number == 0:
                rows = rows.index_add(1, batch.spots, deep.to(rows.dtype))
        return self.model.lm_head(language.norm(_last_layer(language.layers[-1], rows, batch.labels.shape[1], angles)))

    def _see(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """What stands in the prompt, and what the decoder's first layer adds, [pictures or groups, cells, width]."""
        tower = self.model.model.visual
        config = tower.config
        height, width = (side // config.patch_size for side in pixels.shape[3:])
        patches = patchify(
            normalised(pixels).expand(-1, FRAMES, -1, -1, -1), config.patch_size, config.spatial_merge_size
        )
        rows = nn.functional.linear(patches, tower.patch_embed.proj.weight.flatten(1), tower.patch_embed.proj.bias)
        rows = rows + _positions(tower, height, width)
        head_dim = config.hidden_size // config.num_heads
        theta = config.rope_parameters["rope_theta"]
        rotary = vision_rotary(height, width, config.spatial_merge_size, head_dim, theta, rows.device)
        deep = []
        for number, block in enumerate(tower.blocks):
            rows = rows + _attend_patches(block.attn, block.norm1(rows), rotary)
            rows = rows + block.mlp(block.norm2(rows))
            if number in config.deepstack_visual_indexes:
                deep.append(tower.deepstack_merger_list[len(deep)](rows.flatten(0, 1)))
        return [tower.merger(rows.flatten(0, 1)), *deep]


def _positions(tower, height: int, width: int) -> torch.Tensor:
    """The learned ones, stretched to the picture, [patches, width]."""
    side, table = tower.num_grid_per_side, tower.pos_embed
    rows, columns = patch_places(height, width, tower.config.spatial_merge_size, table.weight.device)
    (down, nearer), (across, closer) = neighbours(rows, height, side), neighbours(columns, width, side)
    places = (down[:, :, None] * side + across[:, None, :]).flatten(1)
    return (table(places) * (nearer[:, :, None] * closer[:, None, :]).flatten(1)[:, :, None]).sum(1)


def _attend_patches(attention, rows: torch.Tensor, rotary) -> torch.Tensor:
    query, key, value = attention.qkv(rows).unflatten(-1, (3, attention.num_heads, -1)).unbind(2)
    parts = (part.transpose(1, 2) for part in (turn_wide(query, rotary), turn_wide(key, rotary), value))
    with torch.autocast("cpu", enabled=False):
        mixed = nn.functional.scaled_dot_product_attention(*(part.float() for part in parts), scale=attention.scaling)
    return attention.proj(mixed.transpose(1, 2).flatten(2))


def _last_layer(layer, rows: torch.Tensor, count: int, angles) -> torch.Tensor:
    """The layer's output for the last rows alone, [examples, count, width]: most rows have no label."""
    attention = layer.self_attn
    seen = layer.input_layernorm(rows)

    def heads(values: torch.Tensor) -> torch.Tensor:
        return values.unflatten(2, (-1, attention.head_dim))

    query = attention.q_norm(heads(attention.q_proj(seen[:, -count:]))).transpose(1, 2)
    key = attention.k_norm(heads(attention.k_proj(seen))).transpose(1, 2)
    value = heads(attention.v_proj(seen)).transpose(1, 2)
    _, key = apply_rotary_pos_emb(key, key, *angles)
    query, _ = apply_rotary_pos_emb(query, query, *(part[:, -count:] for part in angles))
    length = rows.shape[1]
    mask = torch.ones(length, length, dtype=torch.bool).tril()[-count:]
    mixed, _ = attend(attention, query, key, value, mask, attention.scaling)
    rows = rows[:, -count:] + attention.o_proj(mixed.flatten(2))
    return rows + layer.mlp(layer.post_attention_layernorm(rows))


class Exam:
    """The same fresh scenes and films at each report; how many are described rightly.

    A caption counts when each of its tokens is the likeliest after those before it:
    then, and only then, does greedy generation give exactly this caption.
    """

    def __init__(self, tokenizer) -> None:
        rng, packer = random.Random(REPORT_SEED), Packer(tokenizer)
        ways = {"scene": (packer.pack_pictures, PICTURE_PROMPTS), "film": (packer.pack_films, FILM_PROMPTS)}
        self._batches = {
            kind: [pack(rng, REPORT_EXAMPLES, prompts[0]) for _ in range(REPORT_BATCHES)]
            for kind, (pack, prompts) in ways.items()
        }

    @torch.no_grad()
    def right(self, trainee: Trainee) -> dict[str, float]:
        shares = {}
        for kind, batches in self._batches.items():
            hits = [(trainee(one).argmax(dim=-1) == one.labels) | (one.labels == IGNORED) for one in batches]
            shares[kind] = sum(int(hit.all(dim=1).sum()) for hit in hits) / (REPORT_BATCHES * REPORT_EXAMPLES)
        return shares


def sizes_at(step: int) -> tuple[int, int]:
    return ONLY_PICTURES if step < FILMS_FROM_STEP else BOTH


def loss_of(trainee: Trainee, batches: list[Batch]) -> torch.Tensor:
    """All films of a step count as much as all its pictures."""
    losses = []
    for batch in batches:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = trainee(batch)
        losses.append(nn.functional.cross_entropy(logits.float().flatten(0, 1), batch.labels.flatten()))
    return torch.stack(losses).sum()


def train(out: Path, steps: int, seed: int, threads: int, state_file: Path | None) -> None:
    disable_progress_bar()
    torch.set_num_threads(threads)  # another number adds in another order: other weights
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    processor = make_processor(tokenizer)
    trainee = Trainee(make_model(make_config())).train()
    average = Average(trainee)
    exam = Exam(tokenizer)
    optimizer = make_optimizer(trainee)
    state = State(state_file, trainee, average.model, optimizer)
    start = state.restore()

    started = time.monotonic()
    print(f"{trainee.model.num_parameters()} parameters, {steps} steps", flush=True)
    for step, batches in enumerate(load_batches(Batches(tokenizer, seed, sizes_at, steps), start), start):
        loss = descend(trainee, optimizer, loss_of(trainee, batches), learning_rate(step, steps, LEARNING_RATE))
        average.update(trainee, step)
        done = step + 1
        if done % REPORT_EVERY == 0 or done == steps:
            kinds = " ".join(f"{kind} {share:.3f}" for kind, share in exam.right(average.model).items())
            print(f"{time.monotonic() - started:.0f} s, step {done}, loss {loss:.4f}, right: {kinds}", flush=True)
            save_snapshot(average.model.model, processor, out)  # an interrupted run leaves a usable model
            write_presets(out)
            state.keep(done)


if __name__ == "__main__":
    run(train, "Train the demo Qwen3-VL.", STEPS)
