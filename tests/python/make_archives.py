"""Writes the archives that the benchmarks read.

usage: make_archives.py FOLDER KIND...
  micrographs   8 of 4096 x 4096, 5 bits, noise within 4 sigma
  volume        one of 256 x 256 x 256, 12 bits, a smooth density with noise
  particles     one stack of 10,000 of 128 x 128, 5 bits
  headers       1,000 of 512 x 512, 5 bits, in a folder of their own
  small         10,000 of 16 x 16, 5 bits, in a folder of their own
"""
import os
import shutil
import sys

import numpy as np

import eman2_archive

RANDOM = np.random.default_rng(20261120)


def noise(*shape):
    return np.clip(RANDOM.standard_normal(shape, np.float32), -4, 4)


def copies(folder, size, count):
    """Many archives of their own from one: what is measured is the opening, not the pixels."""
    os.makedirs(folder)
    eman2_archive.write(f"{folder}/0000.hdf", [noise(size, size)], 5)
    for index in range(1, count):
        shutil.copyfile(f"{folder}/0000.hdf", f"{folder}/{index:04d}.hdf")


def main(folder, kinds):
    if "micrographs" in kinds:
        os.makedirs(f"{folder}/micrographs")
        for index in range(8):
            eman2_archive.write(f"{folder}/micrographs/{index}.hdf", [noise(4096, 4096)], 5)
    if "volume" in kinds:
        axis = np.linspace(-1, 1, 256, dtype=np.float32)
        radius = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
        eman2_archive.write(f"{folder}/volume.hdf", [np.exp(-4 * radius**2) + 0.05 * noise(256, 256, 256)], 12)
    if "particles" in kinds:
        eman2_archive.write(f"{folder}/particles.hdf", noise(10000, 128, 128), 5)
    if "headers" in kinds:
        copies(f"{folder}/headers", 512, 1000)
    if "small" in kinds:
        copies(f"{folder}/small", 16, 10000)


main(sys.argv[1], sys.argv[2:])
