"""A fake of RunPod: the job API that a worker talks to, and the endpoint API that clients talk to.

Written from the protocol's description alone, without a look at the C++ worker: the two must not share a mistake.
"""
