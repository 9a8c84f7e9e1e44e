"""Writes a small project for the programs that the mount tests run: movies, a micrograph, particles and a volume, as archives in ARCHIVES;
the tables and coordinates with which RELION reads them, in TABLES.

usage: make_project.py ARCHIVES TABLES
"""
import os
import sys

import numpy as np
import tifffile

import eman2_archive

RANDOM = np.random.default_rng(1)


def blurred(size, width):
    """Noise without its fine detail, so that programs that align find something to align."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    spectrum = np.fft.rfft2(RANDOM.standard_normal((size, size))) * np.exp(-((width * frequency) ** 2))
    image = np.fft.irfft2(spectrum, (size, size))
    return image / image.std()


def movie(size, frames):
    """Electron counts of a specimen that drifts by a pixel or two from frame to frame."""
    specimen = 10 + 2 * blurred(size, 8)
    return [RANDOM.poisson(np.roll(specimen, (2 * frame, -frame), (0, 1)).clip(0.1)).astype(np.float32) for frame in range(frames)]


def table(path, name, rows, pixel_size_label, more=()):
    """A RELION 3.1 table with one group of optics. Rows name a file each; more holds labels and values of the optics."""
    optics = {"rlnOpticsGroupName": "opticsGroup1", "rlnOpticsGroup": 1, pixel_size_label: 1.25, "rlnVoltage": 300,
              "rlnSphericalAberration": 2.7, "rlnAmplitudeContrast": 0.1, **dict(more)}
    label = {"movies": "rlnMicrographMovieName", "micrographs": "rlnMicrographName", "particles": "rlnImageName"}[name]
    with open(path, "w") as file:
        for title, labels, lines in (("optics", list(optics), [optics.values()]),
                                     (name, [label, "rlnOpticsGroup"], [(row, 1) for row in rows])):
            file.write(f"# version 30001\n\ndata_{title}\n\nloop_\n")
            file.writelines(f"_{each} #{number + 1}\n" for number, each in enumerate(labels))
            file.writelines(" ".join(map(str, line)) + "\n" for line in lines)
            file.write("\n")


def tables(folder):
    table(f"{folder}/movies.star", "movies", ["Movies/stack.mrcs", "Movies/native.tif"], "rlnMicrographOriginalPixelSize")
    table(f"{folder}/micrographs.star", "micrographs", ["Micrographs/mic.mrc"], "rlnMicrographPixelSize")
    table(f"{folder}/particles.star", "particles", [f"{image:06d}@Particles/particles.mrcs" for image in (3, 7, 59, 60, 1)],
          "rlnImagePixelSize", {"rlnImageSize": 64, "rlnImageDimensionality": 2})
    os.makedirs(f"{folder}/Coordinates/Micrographs")
    with open(f"{folder}/Coordinates/Micrographs/mic_pick.star", "w") as file:
        file.write("data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n100 100\n200 700\n512 512\n900 300\n")


def main(folder, table_folder):
    tables(table_folder)
    for name in ("Movies", "Micrographs", "Particles", "Maps"):
        os.makedirs(os.path.join(folder, name))
    eman2_archive.write(f"{folder}/Movies/stack.hdf", movie(512, 8), 8)
    with tifffile.TiffWriter(f"{folder}/Movies/native.tif") as file:
        for frame in movie(512, 8):
            file.write(frame.astype(np.uint8), contiguous=False)
    eman2_archive.write(f"{folder}/Micrographs/mic.hdf", [blurred(1024, 4)], 5)
    eman2_archive.write(f"{folder}/Particles/particles.hdf", [blurred(64, 4) for _ in range(60)], 5)
    axis = np.linspace(-1, 1, 64)
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    eman2_archive.write(f"{folder}/Maps/map.hdf", [np.where(radius < 0.8, np.cos(12 * radius), 0)], 12)


main(sys.argv[1], sys.argv[2])
