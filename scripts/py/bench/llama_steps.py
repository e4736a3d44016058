"""llama.cpp, asked for steps of decoding. It computes as the build of its sources on this machine does.

llama_steps.py MODEL THREADS SEQUENCES. The first line of standard input is the question, a list of tokens; each further
one a number of steps, answered with {"seconds": …, "tokens": […]}: all the steps' time, and what the first sequence
said, from the word after the question on. Runs in the environment build/llama.
"""

import ctypes
import json
import sys
import time

import llama_cpp as llama
import numpy as np

PLACES = 1024  # of each sequence
END = 2  # never said, as ours is told to go on
F32, F16 = 0, 1
FLASH_OFF = 0


@llama.llama_log_callback
def say_errors_only(level, text, _):
    if level == 4:
        sys.stderr.write(text.decode())


def open_context(file: str, threads: int, sequences: int):
    settings = llama.llama_model_default_params()
    model = llama.llama_model_load_from_file(file.encode(), settings)
    assert model, f"{file} could not be loaded"
    wanted = llama.llama_context_default_params()
    wanted.n_ctx, wanted.n_seq_max = sequences * PLACES, sequences
    wanted.n_batch = PLACES
    wanted.n_threads = wanted.n_threads_batch = threads
    wanted.type_k = wanted.type_v = F32 if file.endswith("F32.gguf") else F16
    wanted.flash_attn_type = FLASH_OFF  # it was never faster, and slower with a cache in float32
    wanted.kv_unified = False  # eight pictures share nothing
    context = llama.llama_init_from_model(model, wanted)
    assert context, "no context"
    return context, llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))


class Decoder:
    def __init__(self, file: str, threads: int, sequences: int):
        self.context, self.words = open_context(file, threads, sequences)
        self.memory = llama.llama_get_memory(self.context)
        self.sequences = sequences
        self.batch = llama.llama_batch_init(PLACES, 0, 1)
        self.asked, self.first = 0, 0

    def decode(self, rows: list[tuple[int, int, int]], said: set[int]) -> list[int]:
        """Of rows of (token, place, sequence): the words after those whose numbers are in `said`."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for number, (token, place, sequence) in enumerate(rows):
            batch.token[number], batch.pos[number] = token, place
            batch.n_seq_id[number], batch.seq_id[number][0] = 1, sequence
            batch.logits[number] = number in said
        failed = llama.llama_decode(self.context, batch)
        assert not failed, f"llama_decode says {failed}"
        return [self.best(number) for number in sorted(said)]

    def best(self, row: int) -> int:
        values = llama.llama_get_logits_ith(self.context, row)
        logits = np.ctypeslib.as_array(ctypes.cast(values, ctypes.POINTER(ctypes.c_float)), (self.words,))
        logits[END] = -np.inf
        return int(logits.argmax())

    def ask(self, question: list[int]) -> None:
        self.asked = len(question)
        rows = [(token, place, 0) for place, token in enumerate(question)]
        (self.first,) = self.decode(rows, {self.asked - 1})
        for sequence in range(1, self.sequences):
            llama.llama_memory_seq_cp(self.memory, 0, sequence, -1, -1)

    def run(self, steps: int) -> dict:
        for sequence in range(self.sequences):
            llama.llama_memory_seq_rm(self.memory, sequence, self.asked, -1)
        words, told, everyone = [self.first] * self.sequences, [self.first], set(range(self.sequences))
        start = time.perf_counter()
        for place in range(self.asked, self.asked + steps):
            words = self.decode([(words[one], place, one) for one in range(self.sequences)], everyone)
            told.append(words[0])
        return {"seconds": time.perf_counter() - start, "tokens": told}


def main() -> None:
    llama.llama_log_set(say_errors_only, ctypes.c_void_p())
    file, threads, sequences = sys.argv[1:]
    decoder = Decoder(file, int(threads), int(sequences))
    decoder.ask(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(decoder.run(int(line))), flush=True)


if __name__ == "__main__":
    main()
