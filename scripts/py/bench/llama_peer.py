"""llama.cpp's server, from the wheel of xllamacpp, with a model so small that its front end is most of the work.

llama_peer.py FOLDER PORT
"""

import sys
import threading
from pathlib import Path

import gguf
import numpy as np
import xllamacpp

WIDTH, INNER, WORDS = 32, 64, 512


def write_tiny_model(file: Path) -> None:
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(WORDS)
    letters = [f"<0x{byte:02X}>".encode() for byte in range(256)]
    words = [f"w{number}".encode() for number in range(WORDS - 259)]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([b"<unk>", b"<s>", b"</s>", *letters, *words])
    writer.add_token_scores([0.0] * 259 + [-float(number) for number in range(len(words))])
    kinds = gguf.TokenType
    special = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL]
    writer.add_token_types([*special, *[kinds.BYTE] * 256, *[kinds.NORMAL] * len(words)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, shape in shapes().items():
        writer.add_tensor(name + ".weight", draw(shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def shapes():
    square, wide = (WIDTH, WIDTH), (INNER, WIDTH)
    block = {
        "attn_norm": (WIDTH,), "attn_q": square, "attn_k": square, "attn_v": square, "attn_output": square,
        "ffn_norm": (WIDTH,), "ffn_gate": wide, "ffn_up": wide, "ffn_down": wide[::-1],
    }  # fmt: skip
    whole = {"token_embd": (WORDS, WIDTH), "output_norm": (WIDTH,), "output": (WORDS, WIDTH)}
    return {**whole, **{f"blk.0.{name}": shape for name, shape in block.items()}}


def draw(shape):
    return np.random.default_rng(1).normal(0, 0.1, shape).astype(np.float32)


def main():
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    write_tiny_model(folder / "tiny.gguf")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(folder / "tiny.gguf")
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_parallel = 32
    parameters.n_ctx = 32 * 256
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)  # listens from now on
    threading.Event().wait()  # until somebody ends the process
    del server


main()
