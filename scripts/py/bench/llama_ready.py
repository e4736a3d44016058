"""How long llama.cpp takes to open a model and to read one word with it: seconds, without Python's imports.

llama_ready.py MODEL THREADS. Runs in the environment build/llama.
"""

import ctypes
import sys
import time

import llama_cpp
from llama_steps import Decoder, say_errors_only

llama_cpp.llama_log_set(say_errors_only, ctypes.c_void_p())
start = time.perf_counter()
decoder = Decoder(sys.argv[1], int(sys.argv[2]), sequences=1)
decoder.ask([1])
print(time.perf_counter() - start)
