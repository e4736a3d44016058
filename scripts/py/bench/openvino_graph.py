"""The language model of a snapshot of LLaVA-NeXT as a graph of OpenVINO, spelled the way its CPU plugin knows how to
fuse: attention with the cache it keeps, rotary positions, and norms, each into one operation.
"""

import json
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.op.util import VariableInfo
from safetensors import safe_open


def read_weights(snapshot: Path) -> dict[str, np.ndarray]:
    """Of the language model, by the part of their names that says where they are."""
    found = {}
    for shard in sorted(snapshot.glob("model-*.safetensors")):
        with safe_open(shard, "np") as weights:
            for name in weights.keys():  # noqa: SIM118 (it is no dict)
                if "language_model." in name or name.startswith("lm_head"):
                    found[name.rpartition("language_model.")[2].removesuffix(".weight")] = weights.get_tensor(name)
    return found


def whole(*numbers: int):
    return ops.constant(np.array(numbers, np.int64))


def single(number: float):
    return ops.constant(np.array(number, np.float32))


class Graph:
    def __init__(self, snapshot: Path, kind: str):
        self.text = json.loads((snapshot / "config.json").read_text())["text_config"]
        self.weights = read_weights(snapshot)
        self.kind = kind
        self.heads, self.kv_heads = self.text["num_attention_heads"], self.text["num_key_value_heads"]
        self.head = self.text["head_dim"]
        self.ids = ops.parameter([-1, -1], np.int64, "ids")
        self.places = ops.parameter([-1, -1], np.int64, "places")
        self.mask = ops.parameter([-1, 1, -1, -1], np.float32, "mask")
        self.order = ops.parameter([-1], np.int32, "order")
        self.kept = []
        self.cos, self.sin = self.turns()

    def build(self) -> ov.Model:
        x = ops.gather(self.table("embed_tokens"), self.ids, whole(0))
        for number in range(self.text["num_hidden_layers"]):
            layer = f"layers.{number}."
            x = ops.add(x, self.attend(self.norm(x, layer + "input_layernorm"), layer + "self_attn."))
            x = ops.add(x, self.think(self.norm(x, layer + "post_attention_layernorm"), layer + "mlp."))
        last = ops.gather(self.norm(x, "norm"), whole(-1), whole(1))
        logits = ops.result(self.times(last, "lm_head"))
        return ov.Model([logits], self.kept, [self.ids, self.places, self.mask, self.order], "decoder")

    def table(self, name: str):
        return ops.constant(self.weights[name].astype(np.float32))

    def matrix(self, name: str):
        """In int8, one scale a row; the plugin multiplies without ever writing it out in floats."""
        values = self.weights[name].astype(np.float32)
        if self.kind != "int8":
            return ops.constant(values)
        scales = np.abs(values).max(1, keepdims=True) / 127
        rounded = ops.constant(np.rint(values / scales).astype(np.int8))
        return ops.multiply(ops.convert(rounded, np.float32), ops.constant(scales))

    def times(self, x, name: str):
        return ops.matmul(x, self.matrix(name), False, True)

    def norm(self, x, name: str):
        squares = ops.reduce_mean(ops.power(x, single(2)), whole(-1), True)
        length = ops.sqrt(ops.add(squares, single(self.text["rms_norm_eps"])))
        return ops.multiply(self.table(name), ops.multiply(x, ops.divide(single(1), length)))

    def turns(self):
        """Cosines and sines of the places asked for, [sequences, 1, tokens, head]."""
        base = self.text.get("rope_theta") or self.text["rope_parameters"]["rope_theta"]
        turn = 1 / base ** (np.arange(0, self.head, 2) / self.head)
        angles = np.outer(np.arange(self.text["max_position_embeddings"]), np.concatenate([turn, turn]))
        tables = (np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32))
        rows = [ops.gather(ops.constant(table), self.places, whole(0)) for table in tables]
        return [ops.unsqueeze(row, whole(1)) for row in rows]

    def turned(self, x):
        half, end = self.head // 2, np.iinfo(np.int64).max
        left = ops.slice(x, whole(0), whole(half), whole(1), whole(3))
        right = ops.slice(x, whole(half), whole(end), whole(1), whole(3))
        across = ops.concat([ops.multiply(right, single(-1)), left], -1)
        return ops.add(ops.multiply(x, self.cos), ops.multiply(across, self.sin))

    def split(self, x, heads: int):
        apart = ops.reshape(x, whole(0, 0, heads, self.head), True)
        return ops.transpose(apart, whole(0, 2, 1, 3))

    def with_past(self, name: str, now):
        """What was kept, in the order of the sequences, then what is new; and all of it for every head of a group."""
        shape = ov.PartialShape([-1, self.kv_heads, -1, self.head])
        info = VariableInfo()
        info.data_shape, info.data_type, info.variable_id = shape, ov.Type.f32, name
        variable = ov.op.util.Variable(info)
        sequences = ops.gather(ops.shape_of(self.ids), whole(0), whole(0))
        empty_shape = ops.concat([sequences, whole(self.kv_heads), whole(0), whole(self.head)], 0)
        past = ops.read_value(ops.broadcast(single(0), empty_shape), variable)
        present = ops.concat([ops.gather(past, self.order, whole(0)), now], 2)
        self.kept.append(ops.assign(present, variable))
        group = self.heads // self.kv_heads
        apart = ops.unsqueeze(present, whole(2))
        places = ops.gather(ops.shape_of(present), whole(2), whole(0))
        wide = ops.concat([sequences, whole(self.kv_heads), whole(group), places, whole(self.head)], 0)
        spread = ops.broadcast(apart, wide, broadcast_spec="BIDIRECTIONAL")
        return ops.reshape(spread, whole(0, self.heads, -1, self.head), True)

    def attend(self, x, part: str):
        query = self.turned(self.split(self.times(x, part + "q_proj"), self.heads))
        key = self.turned(self.split(self.times(x, part + "k_proj"), self.kv_heads))
        value = self.split(self.times(x, part + "v_proj"), self.kv_heads)
        keys, values = self.with_past(part + "k", key), self.with_past(part + "v", value)
        seen = ops.scaled_dot_product_attention(query, keys, values, self.mask, causal=False)
        joined = ops.reshape(ops.transpose(seen, whole(0, 2, 1, 3)), whole(0, 0, self.heads * self.head), True)
        return self.times(joined, part + "o_proj")

    def think(self, x, part: str):
        gate = ops.swish(self.times(x, part + "gate_proj"))
        return self.times(ops.multiply(gate, self.times(x, part + "up_proj")), part + "down_proj")
