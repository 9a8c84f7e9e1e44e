"""Compresses MRC files of float32 as a script of numpy and h5py does: limits, integers, gzip level 1.

usage: compress_files_with_h5py.py [--careful] FOLDER BITS FILE...   writes FOLDER/<name>.hdf; --careful also
hashes each original with SHA-256, and reads each archive back and compares
"""
import hashlib
import os
import sys

import h5py
import numpy as np

is_careful = sys.argv[1] == "--careful"
arguments = sys.argv[2:] if is_careful else sys.argv[1:]
folder, bits = arguments[0], int(arguments[1])
for path in arguments[2:]:
    nx, ny, nz = np.fromfile(path, np.int32, 3)
    data = np.fromfile(path, np.float32, offset=1024).reshape(nz, ny, nx)
    low, high = data.min(), data.max()
    mean, sigma = data.mean(dtype=np.float64), data.std(dtype=np.float64, ddof=1)
    levels = np.float32(2**bits - 1)
    stored = np.rint((data - low) / (high - low) * levels).astype(np.uint8 if bits <= 8 else np.uint16)
    target = os.path.join(folder, os.path.basename(path) + ".hdf")
    with h5py.File(target, "w") as archive:
        image = archive.create_dataset("MDF/images/0/image", data=stored[0] if nz == 1 else stored,
                                       chunks=(8, nx) if nz == 1 else (1, 8, nx), compression="gzip", compression_opts=1)
        image.attrs["stored_rendermin"], image.attrs["stored_rendermax"] = low, high
        image.attrs["mean"], image.attrs["sigma"] = mean, sigma
        if is_careful:
            with open(path, "rb") as original:
                image.attrs["original_sha256"] = hashlib.file_digest(original, "sha256").hexdigest()
    if is_careful:
        with h5py.File(target, "r") as archive:
            if not np.array_equal(archive["MDF/images/0/image"][...].reshape(stored.shape), stored):
                sys.exit(f"{target} reads back differently")
