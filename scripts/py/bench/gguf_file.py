"""Writes the language model of a snapshot of LLaVA-NeXT as llama.cpp reads it.

gguf_file.py SNAPSHOT FILE KIND, where KIND is F32, F16, BF16 or Q8_0; runs in the environment build/llama
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from safetensors import safe_open

KINDS = {"F32": 0, "F16": 1, "Q8_0": 7, "BF16": 32}  # llama.cpp's numbers for whole files
WHOLE = {"lm_head": "output", "embed_tokens": "token_embd", "norm": "output_norm"}
BLOCK = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def add_sizes(writer: gguf.GGUFWriter, text: dict) -> None:
    writer.add_context_length(text["max_position_embeddings"])
    writer.add_embedding_length(text["hidden_size"])
    writer.add_block_count(text["num_hidden_layers"])
    writer.add_feed_forward_length(text["intermediate_size"])
    writer.add_head_count(text["num_attention_heads"])
    writer.add_head_count_kv(text["num_key_value_heads"])
    for add in (writer.add_key_length, writer.add_value_length, writer.add_rope_dimension_count):
        add(text["head_dim"])
    writer.add_layer_norm_rms_eps(text["rms_norm_eps"])
    writer.add_rope_freq_base(text.get("rope_theta") or text["rope_parameters"]["rope_theta"])
    writer.add_vocab_size(text["vocab_size"])


def add_words(writer: gguf.GGUFWriter, count: int) -> None:
    """Names nobody reads: both sides are asked in tokens."""
    kinds = gguf.TokenType
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    words = [f"w{number}" for number in range(count - 259)]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(["<unk>", "<s>", "</s>", *bytes_, *words])
    writer.add_token_scores([0.0] * 259 + [-float(number) for number in range(len(words))])
    special = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL]
    writer.add_token_types([*special, *[kinds.BYTE] * 256, *[kinds.NORMAL] * len(words)])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def name_of(name: str) -> str | None:
    """llama.cpp's name of a weight; none for those of the tower."""
    if "vision_tower" in name or not name.endswith(".weight"):
        return None
    _, found, layer = name.removesuffix(".weight").rpartition("layers.")
    if found:
        number, _, part = layer.partition(".")
        return f"blk.{number}.{BLOCK[part]}.weight"
    last = name.split(".")[-2]
    return f"{WHOLE[last]}.weight" if last in WHOLE else None


def halves_beside(rows: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp turns neighbours where transformers turns the two halves of a head."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def add_weight(writer: gguf.GGUFWriter, name: str, values: np.ndarray, kind: str) -> None:
    if values.ndim == 1 or kind == "F32":
        return writer.add_tensor(name, values.astype(np.float32))
    if kind == "F16":
        return writer.add_tensor(name, values)
    quantised = getattr(gguf.GGMLQuantizationType, kind)
    writer.add_tensor(name, gguf.quants.quantize(values.astype(np.float32), quantised), raw_dtype=quantised)


def main() -> None:
    snapshot, file, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    text = json.loads((snapshot / "config.json").read_text())["text_config"]
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_file_type(KINDS[kind])
    add_sizes(writer, text)
    add_words(writer, text["vocab_size"])
    heads = {"attn_q": text["num_attention_heads"], "attn_k": text["num_key_value_heads"]}
    for shard in sorted(snapshot.glob("model-*.safetensors")):
        with safe_open(shard, "np") as weights:
            for known in weights.keys():  # noqa: SIM118 (it is no dict)
                if name := name_of(known):
                    values, part = weights.get_tensor(known), name.split(".")[-2]
                    turned = halves_beside(values, heads[part]) if part in heads else values
                    add_weight(writer, name, turned, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
