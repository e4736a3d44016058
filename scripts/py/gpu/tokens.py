"""Section d of scripts/bench-gpu: does each family say in float16 what transformers says in float16?"""

from gpu.checks import Finding
from gpu.reference import MARGIN_MAX, Reference, compare_tokens, draw_scenes, export_bundle, missing
from gpu.vectors import COSINE_LEAST, compare_vectors
from program import ROOT
from tiny_models import MAKERS

DEMOS = {"captioners": ("demo-blip2", "demo-llava-next", "demo-qwen3-vl"), "embedders": ("demo-clip",)}


def check_tokens(lab):
    """Greedy tokens of the program beside generate() of transformers, both in float16, for tiny random models of each
    family and the demo models: equal, or different first where transformers itself was nearly undecided. Of CLIP, the
    vectors: their cosine with those of transformers in float32."""
    if reason := missing(lab):
        return Finding(f"skipped: {reason}")
    files = draw_scenes(lab.folder / "scenes", 4 if lab.dry else 20)
    captioners, embedders = make_models(lab)
    words, words_fine, word_rows = check_words(lab, captioners, files)
    vectors, vectors_fine, vector_rows = check_cosines(lab, embedders, files)
    notes = ["Dry run: on the CPU, in float32.", ""] * lab.dry
    return Finding(f"{words}; {vectors}", words_fine and vectors_fine, [*notes, *word_rows, "", *vector_rows])


def make_models(lab):
    """Snapshots by name: (captioners, embedders)."""
    seeds = [11] if lab.dry else [11, 12, 13]  # of LLaVA-NeXT the odd ones are on Llama, the even ones on Mistral
    made = {"captioners": {}, "embedders": {}}
    for family, make in MAKERS.items():
        kind = "embedders" if family == "clip" else "captioners"
        for seed in seeds:
            made[kind][f"tiny {family} {seed}"] = make(lab.folder / f"tiny-{family}-{seed}", seed)
    for kind, names in DEMOS.items():
        made[kind] |= {name: ROOT / "models" / name for name in names if (ROOT / "models" / name).is_dir()}
    return made["captioners"], made["embedders"]


def check_words(lab, models, files):
    """(what to say, whether it is fine, rows of a table)"""
    rows, equal, wrong, margins = [], 0, 0, []
    for name, snapshot in models.items():
        bundle = export_bundle(snapshot, lab.folder / f"bundle {name}", lab)
        compared = compare_tokens(Reference(snapshot, lab), bundle, files, 24)
        close = [margin for margin in compared if margin is not None]
        outside = sum(margin > MARGIN_MAX for margin in close)
        same = len(compared) - len(close)
        rows.append(f"| {name} | {same}/{len(compared)} | {max(close, default=0):.2g} | {outside} |")
        equal, wrong, margins = equal + same, wrong + outside, margins + close
    total = len(models) * len(files)
    line = f"tokens in {lab.dtype}: {equal} of {total} captions equal, {total - equal - wrong} differ within the "
    line += f"reference's margin of {MARGIN_MAX}, {wrong} beyond it (the largest {max(margins, default=0):.2g})"
    head = ["| model | equal | largest margin at a first difference | beyond |", "|---|---|---|---|"]
    return line, wrong == 0, [*head, *rows]


def check_cosines(lab, models, files):
    """As check_words."""
    rows, least = [], 1.0
    for name, snapshot in models.items():
        bundle = export_bundle(snapshot, lab.folder / f"bundle {name}", lab)
        pictures, texts = compare_vectors(lab, snapshot, bundle, files)
        rows.append(f"| {name} | {pictures:.6f} | {texts:.6f} |")
        least = min(least, pictures, texts)
    line = f"CLIP's vectors: cosine {least:.6f} at least, {COSINE_LEAST} is wanted"
    return line, least >= COSINE_LEAST, ["| model | least cosine of a picture | of a text |", "|---|---|---|", *rows]
