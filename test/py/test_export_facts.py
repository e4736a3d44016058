"""What a ready bundle says of its snapshots: few facts of config.json, and every weight's shape in few lines."""

from export.facts import compact_keys, config_facts


def test_layers_share_a_line_and_gaps_do_not():
    shapes = {f"layers.{n}.{part}.weight": [4, 2] for n in (0, 1, 2, 10, 12) for part in ("q", "k")}
    shapes |= {"layers.3.q.weight": [8, 2], "head.weight": [2], "scale": []}
    assert compact_keys(shapes) == {
        "layers.{0..2}.q.weight": [4, 2],
        "layers.10.q.weight": [4, 2],
        "layers.12.q.weight": [4, 2],
        "layers.{0..2}.k.weight": [4, 2],
        "layers.10.k.weight": [4, 2],
        "layers.12.k.weight": [4, 2],
        "layers.3.q.weight": [8, 2],
        "head.weight": [2],
        "scale": [],
    }


def test_a_number_that_names_no_layer_stays():
    assert compact_keys({"linear_1.weight": [2], "conv2.bias": [3]}) == {"linear_1.weight": [2], "conv2.bias": [3]}


def test_facts_are_flat_and_leave_out_what_is_not_written():
    config = {"model_type": "a", "torch_dtype": "x", "text_config": {"hidden_size": 8, "num_layers": None, "seed": 1}}
    facts = {"model_type": "a", "text_config.hidden_size": 8}
    assert config_facts(config) == facts
    assert config_facts(config, ["text_config.seed", "seed"]) == facts | {"text_config.seed": 1}
