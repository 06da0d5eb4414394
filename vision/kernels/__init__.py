"""The hot loops of vision, compiled by numba: arrays and numbers in, arrays and numbers out, nothing else.

Each kernel is plain Python that runs uncompiled as its own twin (``kernel.py_func``); tests hold the two together.
They release the interpreter lock and are cached on disk, so a warm start compiles nothing. The cache of a
kernel does not notice a change in a kernel of another file that it calls (`pixels.sample`): after one, delete `__pycache__` here.
"""
