"""Writes an MRCZ file as python-mrcz does, and its values as float32 beside it (PATH.f32).

usage: mrcz_file.py PATH CODEC SHUFFLE TYPE ORDER NX NY NZ SLICES [BLOCK_BYTES]
CODEC: none, blosclz, lz4, lz4hc, snappy, zlib, zstd; SHUFFLE: 0 none, 1 bytes, 2 bits; TYPE: a NumPy type without its order, or nibble for 4 bits.
ORDER: < or >. SLICES: 0 for one array, 1 for a list of images.
"""
import sys

import blosc
import numpy as np

MODES = {"i1": 0, "i2": 1, "f4": 2, "u2": 6, "i4": 7, "u4": 8, "f2": 12, "nibble": 101}
COMPRESSORS = {"none": 0, "blosclz": 1, "lz4": 2, "lz4hc": 2, "snappy": 4, "zlib": 5, "zstd": 6}

path, codec, shuffle, kind, order = sys.argv[1:6]
nx, ny, nz, slices = map(int, sys.argv[6:10])
random = np.random.default_rng(3)
if kind == "nibble":
    values = random.poisson(1.5, (nz, ny, nx)).clip(0, 15).astype("u1")
    padded = np.zeros((nz, ny, nx + nx % 2), "u1")
    padded[:, :, :nx] = values
    stored = padded[:, :, 0::2] | padded[:, :, 1::2] << 4
else:
    mean = {"i1": 20, "f2": 300}.get(kind, 1000)
    values = random.normal(mean, mean / 5, (nz, ny, nx)).astype(order + kind)
    values[:, :2, :3] = 0
    stored = values

header = np.zeros(256, order + "i4")
header[:4] = nx, ny, nz, MODES[kind] + 1000 * COMPRESSORS[codec]
header[9] = slices
header[10:13] = (np.array([nx, ny, nz]) * 1.25).astype(order + "f4").view(order + "i4")
header[16:19] = 1, 2, 3
meta = b'{"by": "a test"}'
header[23] = len(meta)
main = bytearray(header.tobytes())
main[104:108] = b"json"
if len(sys.argv) > 10:
    blosc.set_blocksize(int(sys.argv[10]))
with open(path, "wb") as file:
    file.write(main + meta)
    for section in stored:
        data = np.ascontiguousarray(section).tobytes()
        file.write(data if codec == "none" else blosc.compress(
            data, stored.dtype.itemsize, 3, int(shuffle), codec))
np.ascontiguousarray(values, "<f4").tofile(path + ".f32")
