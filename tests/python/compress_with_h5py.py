"""Compresses a float32 array as a script of numpy and h5py does: limits, integers, gzip level 1, into a file in memory.

usage: compress_with_h5py.py FILE BITS ROW_LENGTH REPETITIONS   prints the least processor time in seconds, and the stored bytes
"""
import sys
import time

import h5py
import numpy as np

data = np.fromfile(sys.argv[1], np.float32).reshape(-1, int(sys.argv[3]))
bits = int(sys.argv[2])
best = float("inf")
for _ in range(int(sys.argv[4])):
    begin = time.process_time()
    low, high = data.min(), data.max()
    mean, sigma = data.mean(dtype=np.float64), data.std(dtype=np.float64, ddof=1)
    levels = np.float32(2**bits - 1)
    stored = np.rint((data - low) / (high - low) * levels).astype(np.uint8 if bits <= 8 else np.uint16)
    with h5py.File("memory.h5", "w", driver="core", backing_store=False) as archive:
        image = archive.create_dataset("image", data=stored, chunks=(8, data.shape[1]), compression="gzip", compression_opts=1)
        image.attrs["stored_rendermin"], image.attrs["stored_rendermax"] = low, high
        image.attrs["mean"], image.attrs["sigma"] = mean, sigma
        length = image.id.get_storage_size()
    best = min(best, time.process_time() - begin)
print(best, length)
