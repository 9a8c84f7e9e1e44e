"""Writes HDF5 files in EMAN2's layout with h5py: what its readers look at, and no more."""
import h5py
import numpy as np


def write(path, stack, bits, pixel_size=1.25):
    """Stores each array of a list as one image (two axes) or volume (three axes): unsigned integers of so many bits between the array's
    own limits, in chunks of 8 whole rows, with deflate level 1."""
    with h5py.File(path, "w", libver="earliest") as file:
        images = file.create_group("/MDF/images")
        images.attrs.create("imageid_max", np.array([len(stack) - 1], np.int32))
        for index, samples in enumerate(stack):
            _add(images.create_group(str(index)), np.asarray(samples, np.float32), bits, pixel_size)


def _add(group, samples, bits, pixel_size):
    low, high = samples.min(), samples.max()
    stored = np.rint((samples - low) / (high - low) * (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
    integers = {"nx": samples.shape[-1], "ny": samples.shape[-2], "nz": samples.shape[0] if samples.ndim == 3 else 1,
                "stored_renderbits": bits}
    reals = {"stored_rendermin": low, "stored_rendermax": high, "minimum": low, "maximum": high, "mean": samples.mean(),
             "sigma": samples.std(), "apix_x": pixel_size, "apix_y": pixel_size, "apix_z": pixel_size}
    for values, kind in ((integers, np.int32), (reals, np.float32)):
        for name, value in values.items():
            group.attrs.create("EMAN." + name, np.array([value], kind))
    chunks = (1,) * (samples.ndim - 2) + (min(8, samples.shape[-2]), samples.shape[-1])
    group.create_dataset("image", data=stored, chunks=chunks, compression="gzip", compression_opts=1)
