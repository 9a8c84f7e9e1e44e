"""The peer of reading through a mount: h5py reads every image of an archive, numpy rescales it in place, on one core.

usage: read_with_h5py.py REPETITIONS [--write FOLDER] ARCHIVE...
Prints the seconds of the fastest repetition over all archives. With --write the float32 samples go to files, behind 1024 bytes of header.
"""
import os
import sys
import time

import h5py
import numpy as np


def read(group):
    low, high = group.attrs["EMAN.stored_rendermin"][0], group.attrs["EMAN.stored_rendermax"][0]
    samples = group["image"][()].astype(np.float32)
    samples *= np.float32((high - low) * (np.float32(1) / np.float32(2 ** int(group.attrs["EMAN.stored_renderbits"][0]) - 1)))
    samples += low
    return samples


def read_archive(path, target):
    with h5py.File(path, "r") as file:
        images = file["/MDF/images"]
        count = int(images.attrs["imageid_max"][0]) + 1
        if target is None:
            for index in range(count):
                read(images[str(index)])
            return
        with open(os.path.join(target, os.path.basename(path) + ".mrc"), "wb") as output:
            output.write(bytes(1024))
            for index in range(count):
                read(images[str(index)]).tofile(output)


repetitions, arguments = int(sys.argv[1]), sys.argv[2:]
folder = None
if arguments[0] == "--write":
    folder, arguments = arguments[1], arguments[2:]
seconds = []
for _ in range(repetitions):
    begin = time.perf_counter()
    for archive in arguments:
        read_archive(archive, folder)
    seconds.append(time.perf_counter() - begin)
print(min(seconds))
