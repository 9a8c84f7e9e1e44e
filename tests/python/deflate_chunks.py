"""Compresses chunks of bytes with zlib, which is what libhdf5's deflate filter uses.

usage: deflate_chunks.py FILE CHUNK_LENGTH LEVEL REPETITIONS   prints the least processor time in seconds, and the compressed bytes
"""
import sys
import time
import zlib

data = open(sys.argv[1], "rb").read()
chunk, level = int(sys.argv[2]), int(sys.argv[3])
best = float("inf")
for _ in range(int(sys.argv[4])):
    begin = time.process_time()
    length = sum(len(zlib.compress(data[i : i + chunk], level)) for i in range(0, len(data), chunk))
    best = min(best, time.process_time() - begin)
print(best, length)
