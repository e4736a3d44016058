"""Trains the demo LLaVA-NeXT: a genuine, very small one that answers questions about drawn scenes.

The result is an ordinary Hugging Face snapshot folder. The same options give
the same weights on the same machine, also when a run is taken up again.

    python -m scenes.train.llava_next --out build/demo-llava-next
"""

import collections
import random
import time
from pathlib import Path

import torch
from torch import nn
from transformers.models.mistral.modeling_mistral import apply_rotary_pos_emb
from transformers.utils.logging import disable_progress_bar

from scenes import questions
from scenes.models.llava_next import make_config, make_model, make_processor, make_tokenizer, write_presets
from scenes.train.blip2 import Average, save_snapshot
from scenes.train.llava_next_batches import (
    IGNORED,
    Batch,
    Batches,
    Packer,
    best_size,
    kept_patches,
    mask_of,
    normalised,
)
from scenes.train.loop import State, attend, descend, learning_rate, load_batches, make_optimizer, run, use_attend

PICTURES = 32  # in a batch
STEPS = 8_500
LEARNING_RATE = 1.0e-3
# Which of two groups of one shape is meant (see ALIKE_FROM_STEP) needs more time than the falling rate leaves it.
RESTART_STEP = 7_000
RESTART_RATE = 5.0e-4
FIRST_STEPS = 7_500  # where the first fall would end

REPORT_EVERY = 250
REPORT_SCENES = 40  # of each size
REPORT_SEED = 99_999


class Trainee(nn.Module):
    """The model's own modules, called so that one picture serves many questions."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model
        use_attend(model.model.vision_tower, model.model.language_model)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits of the labelled positions, [labelled, vocabulary]."""
        core = self.model.model
        embeds = core.language_model.embed_tokens(batch.ids)
        embeds = embeds.masked_scatter((batch.ids == self.model.config.image_token_id)[..., None], self._images(batch))
        language = core.language_model
        angles = language.rotary_emb(embeds, position_ids=batch.positions)
        mask = mask_of(batch.segments)
        for layer in language.layers[:-1]:
            embeds = layer(embeds, attention_mask=mask, position_embeddings=angles)
        return self.model.lm_head(language.norm(_last_layer(language.layers[-1], embeds, batch.labels, mask, angles)))

    def _images(self, batch: Batch) -> torch.Tensor:
        """The image rows of all pictures, [pictures, rows, width]."""
        core = self.model.model
        tower = core.vision_tower
        rows = tower.pre_layrnorm(tower.embeddings(normalised(batch.tiles)))
        for layer in tower.encoder.layers[:-1]:  # vision_feature_layer is -2
            rows = layer(rows, attention_mask=None)
        tiles = core.multi_modal_projector(rows[:, 1:]).unflatten(0, (len(batch.ids), -1))
        side = core.config.vision_config.image_size // core.config.vision_config.patch_size
        down, across = (length // core.config.vision_config.image_size for length in best_size(*batch.size))
        grid = tiles[:, 1:].unflatten(2, (side, side)).unflatten(1, (down, across))
        grid = grid.permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(1, 2)
        kept = kept_patches(*batch.size)
        top, left = ((whole - part) // 2 for whole, part in zip(grid.shape[1:3], kept))
        grid = grid[:, top : top + kept[0], left : left + kept[1]]
        newline = core.image_newline.expand(len(grid), kept[0], 1, -1)
        return torch.cat((tiles[:, 0], torch.cat((grid, newline), dim=2).flatten(1, 2)), dim=1)


def _last_layer(layer, rows: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor, angles) -> torch.Tensor:
    """The layer's output for the labelled rows alone, [labelled, width]: most rows have no label."""
    labelled = labels != IGNORED
    counts = labelled.sum(dim=1, keepdim=True)
    wanted = labelled.logical_not().sort(dim=1, stable=True).indices[:, : counts.max()]
    pictures = torch.arange(len(rows))[:, None]

    attention = layer.self_attn
    seen = layer.input_layernorm(rows)

    def heads(values: torch.Tensor) -> torch.Tensor:
        return values.unflatten(2, (-1, attention.head_dim)).transpose(1, 2)

    query = heads(attention.q_proj(seen[pictures, wanted]))
    key, value = heads(attention.k_proj(seen)), heads(attention.v_proj(seen))
    _, key = apply_rotary_pos_emb(key, key, *angles)
    query, _ = apply_rotary_pos_emb(query, query, *(part[pictures, wanted] for part in angles))
    mixed, _ = attend(attention, query, key, value, mask[pictures, 0, wanted][:, None], attention.scaling)
    rows = rows[pictures, wanted] + attention.o_proj(mixed.flatten(2))
    rows = rows[torch.arange(rows.shape[1]) < counts]
    return rows + layer.mlp(layer.post_attention_layernorm(rows))


class Exam:
    """The same fresh scenes at each report; how many answers are right, of each kind.

    An answer counts when each of its tokens is the likeliest after those before it:
    then, and only then, does greedy generation give exactly this answer.
    """

    def __init__(self, tokenizer) -> None:
        rng, packer = random.Random(REPORT_SEED), Packer(tokenizer)
        self._batches = []
        for size in (size for sizes in questions.SIZES.values() for size in sizes):
            scenes = [questions.draw_scene(rng, size) for _ in range(REPORT_SCENES)]
            self._batches.append(packer.pack(scenes, [questions.ask_all(s.content, rng) for s in scenes]))

    @torch.no_grad()
    def right(self, trainee: Trainee) -> dict[str, float]:
        right, total = collections.Counter(), collections.Counter()
        for batch in self._batches:
            labelled = batch.labels != IGNORED
            hit = torch.ones_like(labelled)
            hit[labelled] = trainee(batch).argmax(dim=-1) == batch.labels[labelled]
            for number, kind in enumerate(questions.KINDS):
                right[kind] += int((hit | (batch.segments != number)).all(dim=1).sum())
                total[kind] += len(hit)
        return {kind: right[kind] / total[kind] for kind in total}


def rate_at(step: int, steps: int) -> float:
    if step < RESTART_STEP:
        return learning_rate(step, FIRST_STEPS, LEARNING_RATE)
    return RESTART_RATE * (steps - step) / (steps - RESTART_STEP)


def loss_of(trainee: Trainee, batch: Batch) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = trainee(batch)
    return nn.functional.cross_entropy(logits.float(), batch.labels[batch.labels != IGNORED])


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
    print(f"{trainee.model.num_parameters()} parameters, {steps} steps of {PICTURES} pictures", flush=True)
    for step, batch in enumerate(load_batches(Batches(tokenizer, seed, PICTURES, steps), start), start):
        loss = descend(trainee, optimizer, loss_of(trainee, batch), rate_at(step, steps))
        average.update(trainee, step)
        done = step + 1
        if done % REPORT_EVERY == 0 or done == steps:
            right = exam.right(average.model)
            share = sum(right.values()) / len(right)
            kinds = " ".join(f"{kind} {part:.3f}" for kind, part in right.items())
            seconds = time.monotonic() - started
            print(f"{seconds:.0f} s, step {done}, loss {loss:.4f}, right {share:.3f}: {kinds}", flush=True)
            save_snapshot(average.model.model, processor, out)  # an interrupted run leaves a usable model
            write_presets(out)
            state.keep(done)


if __name__ == "__main__":
    run(train, "Train the demo LLaVA-NeXT.", STEPS)
