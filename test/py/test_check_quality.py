"""scripts/check-quality: what it rounds, where it plants outliers, and that it can fail. And scripts/check-scenes with
a precision."""

import argparse
import random

import pytest
import torch

from parity.reference import load_model
from quality.asked_program import Loss
from quality.check import measure
from quality.layers import kind_of, narrow_layers
from quality.lessons import draw_lessons
from quality.limits import excesses, misroundings
from quality.measures import Cost, scores_of
from quality.outliers import CHANNELS_PER_OUTLIER, TIMES, plant
from quality.ways import EXACT, WAYS, AllInDouble, Computed, Way, round_rows
from scenes import check
from tiny_models import MAKERS

SEED = 5


@pytest.fixture(scope="module")
def llava(tmp_path_factory):
    snapshot = MAKERS["llava-next"](tmp_path_factory.mktemp("llava") / "none", SEED)
    return snapshot, draw_lessons(random.Random(SEED), snapshot, 2)


def test_layers_are_of_kinds_and_tables_of_positions_of_none(llava):
    layers = narrow_layers(load_model(str(llava[0])))
    assert {kind_of(name) for name in layers} == {"vision", "connector", "embedding", "attention", "mlp", "lm_head"}
    assert not [name for name in layers if "position" in name]
    assert kind_of("language_model.encoder.block.0.layer.0.SelfAttention.relative_attention_bias") == "attention"
    assert kind_of("model.visual.pos_embed") == "vision"


def test_the_reference_computes_all_in_float64():
    with AllInDouble():
        one = torch.ones(1, dtype=torch.float64)
        assert {one.to(torch.float32).dtype, one.float().dtype} == {torch.float64}
        assert torch.softmax(one, 0, dtype=torch.float32).dtype == torch.float64


def test_a_tied_table_is_rounded_where_it_is_said(tmp_path):
    snapshot = MAKERS["blip2-opt"](tmp_path / "tied", SEED)
    model = load_model(str(snapshot))
    rounded = Computed(model, Way("8bit", kinds=("lm_head",))).model
    assert torch.equal(rounded.get_input_embeddings().weight, model.get_input_embeddings().weight.double())
    assert not torch.equal(rounded.get_output_embeddings().weight, model.get_output_embeddings().weight.double())


def test_rows_are_rounded_to_whole_numbers_of_their_own():
    rows = torch.tensor([[1.0, 0.2, -0.6], [0.0, 0.0, 0.0], [100.0, 1.0, -40.0]])
    expected = torch.tensor([[1.0, 0.0, -0.5], [0.0, 0.0, 0.0], [100.0, 0.0, -50.0]])
    assert torch.allclose(round_rows(rows, 2), expected)


def test_a_quiet_plant_says_the_same_with_outliers(llava, tmp_path):
    snapshot, lessons = llava
    planted = plant(snapshot, tmp_path / "quiet", "quiet", random.Random(SEED), lessons[0].scores)
    assert 0 < planted.norms < planted.of  # the one in front of the tower's sums is none of them
    before, after = (load_model(str(folder)) for folder in (snapshot, tmp_path / "quiet"))
    for one, other in zip(scores_of(lessons, Computed(before, EXACT)), scores_of(lessons, Computed(after, EXACT))):
        assert torch.allclose(one, other, rtol=0, atol=1e-4 * float(one.abs().max()))
    norm = "model.language_model.layers.0.input_layernorm.weight"
    grown = after.get_parameter(norm) / before.get_parameter(norm)
    outliers = max(1, grown.numel() // CHANNELS_PER_OUTLIER)
    assert sorted(grown.round().tolist()) == [1.0] * (grown.numel() - outliers) + [TIMES] * outliers


def test_costs_of_a_random_model_are_within_the_limits_and_8_bit_inputs_are_not(llava):
    snapshot, lessons = llava
    costs = measure(snapshot, lessons, WAYS)
    assert excesses(costs, trained=False, outliers="none") == []
    assert costs["fp32"].error < costs["fp16"].error < costs["bf16"].error < costs["8bit"].error
    problems = excesses(costs | {"8bit": costs["inputs8"]}, trained=False, outliers="none")
    assert len(problems) == 1 and problems[0].startswith("8bit costs")


def test_a_trained_model_must_agree():
    fine, poor = Cost(0.01, 0.99), Cost(0.01, 0.9)
    assert excesses({"8bit": fine}, trained=True, outliers="none") == []
    assert len(excesses({"8bit": poor}, trained=True, outliers="none")) == 1
    assert len(excesses({"8bit": Cost(0.01, 1.0, 0.99)}, trained=True, outliers="none")) == 1


def test_a_program_that_rounds_otherwise_is_found():
    assert misroundings({"8bit": Loss(0.1, 0.1, 0.001), "fp32": Loss(1e-6, 1e-6, 1e-6)}) == []
    assert len(misroundings({"8bit": Loss(0.2, 0.1, 0.15)})) == 1
    assert len(misroundings({"fp32": Loss(0.1, 1.0, 0.01)})) == 1


def asked(kept, monkeypatch):
    """What a run with the bundle's weights finds."""
    monkeypatch.setattr(check, "examine", lambda arguments: kept)
    return argparse.Namespace(model="demo-blip2", seed=SEED, precision="8bit")


RIGHT, WRONG = check.Result("caption", True, "", ""), check.Result("caption", False, "", "")


@pytest.mark.parametrize(
    ("narrow", "fine"),
    [
        ([RIGHT] * 100, True),
        ([RIGHT] * 98 + [WRONG] * 2, True),
        ([RIGHT] * 97 + [WRONG] * 3, False),
        ([RIGHT] * 99 + [WRONG._replace(empty=True)], False),
    ],
)
def test_narrow_weights_keep_up_with_the_bundles(monkeypatch, narrow, fine):
    assert check.keeps_up(asked([RIGHT] * 99 + [WRONG], monkeypatch), narrow) == fine
