"""Writes archives in EMAN2's layout that EMAN2 itself does not write: every chunk index, odd containers, gaps, lies.

usage: eman2_variants.py FOLDER
Each NAME.hdf that can be read has a NAME.f4 beside it: the stored samples of its frames as float32, x fastest.
"""
import ctypes
import os
import sys

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

FOLDER = sys.argv[1]


class Archive:
    def __init__(self, name, last=0, expected=None, **options):
        self.path = os.path.join(FOLDER, name)
        self.file = h5py.File(self.path + ".hdf", "w", **options)
        self.images = self.file.create_group("/MDF/images")
        if last is not None:
            self.images.attrs.create("imageid_max", np.array([last], np.int32))
        self.expected = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        if self.expected:
            np.concatenate([each.astype("<f4").ravel() for each in self.expected]).tofile(self.path + ".f4")

    def add(self, number, samples, attributes=(), **options):
        group = self.images.create_group(str(number))
        for key, value in dict(attributes).items():
            group.attrs.create("EMAN." + key, np.array([value], np.float32))
        data = group.create_dataset("image", data=samples, **options)
        self.expected.append(samples)
        return data

    def add_through(self, number, samples, setting, limits=None, dtype=None):
        """A dataset with what only a property list can say."""
        group = self.images.create_group(str(number))
        plist = h5p.create(h5p.DATASET_CREATE)
        setting(plist)
        space = h5s.create_simple(samples.shape, limits or samples.shape)
        data = h5py.Dataset(h5d.create(group.id, b"image", dtype or h5t.py_create(samples.dtype), space, plist))
        data[...] = samples
        self.expected.append(samples)
        return data


def ramp(*shape, dtype="u1", first=0):
    return (np.arange(np.prod(shape)) * 7 % 251 + first).astype(dtype).reshape(shape)


def chunk_indexes():
    latest = {"libver": "latest"}
    image = ramp(40, 50, dtype="<u2")
    with Archive("single_chunk", **latest) as a:
        a.add(0, image, chunks=image.shape)
    with Archive("single_filtered_chunk", **latest) as a:
        a.add(0, image, chunks=image.shape, compression="gzip", shuffle=True)
    with Archive("fixed_array", **latest) as a:
        a.add(0, image, chunks=(8, 50), compression="gzip")
    with Archive("fixed_array_of_pages", **latest) as a:
        a.add(0, image, chunks=(1, 1))
    with Archive("fixed_array_with_missing_pages", **latest) as a:
        data = a.add_through(0, np.zeros((60, 50), "u1"), lambda plist: plist.set_chunk((1, 1)))
        data.parent.pop("image")
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_chunk((1, 1))
        again = h5py.Dataset(h5d.create(a.images["0"].id, b"image", h5t.NATIVE_UINT8, h5s.create_simple((60, 50)), plist))
        again[55:] = ramp(5, 50)
        a.expected = [again[...]]
    with Archive("fixed_array_with_room", **latest) as a:
        a.add(0, image, chunks=(8, 16), maxshape=(100, 90), compression="gzip")
    with Archive("extensible_array", **latest) as a:
        a.add(0, image, chunks=(3, 4), maxshape=(None, 50), compression="gzip")
    with Archive("extensible_array_of_columns", **latest) as a:
        a.add(0, image, chunks=(3, 4), maxshape=(40, None))
    with Archive("extensible_array_of_super_blocks", **latest) as a:
        a.add(0, ramp(60, 70), chunks=(1, 1), maxshape=(None, 70))
    with Archive("extensible_array_of_pages", **latest) as a:
        sparse = np.zeros((3000, 70), "u1")
        a.add_through(0, sparse[:0], lambda plist: plist.set_chunk((1, 1)), limits=(h5s.UNLIMITED, 70))
        data = a.images["0/image"]
        data.resize((3000, 70))
        for row in (0, 700, 1999, 2999):
            data[row] = sparse[row] = ramp(70, first=row % 5)
        a.expected = [sparse]
    with Archive("extensible_array_of_volume", **latest) as a:
        a.add(0, ramp(6, 20, 30), chunks=(2, 5, 7), maxshape=(6, 20, None), compression="gzip", fletcher32=True)
    with Archive("btree_v2", **latest) as a:
        a.add(0, image, chunks=(4, 5), maxshape=(None, None))
    with Archive("btree_v2_of_levels", **latest) as a:
        a.add(0, ramp(90, 80), chunks=(1, 2), maxshape=(None, None), compression="gzip")
    with Archive("implicit", **latest) as a:
        a.add_through(0, image, lambda plist: (plist.set_chunk((8, 50)), plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)))
    with Archive("btree_v1_of_levels") as a:
        a.add(0, ramp(70, 80), chunks=(1, 2), compression="gzip")
    with Archive("unfiltered_edges", **latest) as a:
        a.add_through(0, image, unfiltered_edges)


def unfiltered_edges(plist):
    plist.set_chunk((16, 16))
    plist.set_deflate(1)
    dont_filter_partial_chunks = 2
    assert ctypes.CDLL(h5p.__file__).H5Pset_chunk_opts(ctypes.c_int64(plist.id), ctypes.c_uint(dont_filter_partial_chunks)) >= 0


def containers():
    image = ramp(24, 32)
    with Archive("user_block", userblock_size=1024) as a:
        a.add(0, image)
    with Archive("dense_stack", last=29, libver="latest") as a:
        for number in range(30):
            a.add(number, ramp(8, 9, first=number), {"key%d" % k: k for k in range(40)} | {"apix_x": 2.5, "apix_y": 2.5, "apix_z": 2.5}, chunks=(4, 9))
    with Archive("compact") as a:
        a.add_through(0, image, lambda plist: plist.set_layout(h5d.COMPACT))
    with Archive("soft_link") as a:
        a.add(0, image)
        a.file.move("/MDF/images/0", "/elsewhere")
        a.images["0"] = h5py.SoftLink("/elsewhere")
    with Archive("line") as a:
        a.add(0, ramp(33, dtype="<f4"))
    with Archive("never_written") as a:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_chunk((8, 32))
        plist.set_fill_value(np.array(300, ">u2"))
        h5d.create(a.images.create_group("0").id, b"image", h5t.STD_U16BE, h5s.create_simple((24, 32)), plist)
        a.expected = [np.full((24, 32), 300)]
    with Archive("preserved_header") as a:
        a.add(0, image)
        own = a.file.create_group("VirtualEmFs")
        own.attrs.create("mrc_mode", np.array([1], np.int32))
        own.create_dataset("mrc_header", data=ramp(1536))


def filters():
    image = ramp(24, 32, dtype="<u2")
    with Archive("all_filters") as a:
        a.add(0, image, chunks=(8, 32), compression="gzip", shuffle=True, fletcher32=True)
    with Archive("scale_offset") as a:
        a.add(0, image, chunks=(8, 32), scaleoffset=0)
    with Archive("n_bit") as a:
        twelve = h5t.STD_U16LE.copy()
        twelve.set_precision(12)
        a.add_through(0, image, lambda plist: (plist.set_chunk((8, 32)), n_bit(plist)), dtype=twelve)
    with Archive("lzf") as a:
        a.add(0, image, chunks=(8, 32), compression="lzf")
    with Archive("unknown_filter") as a:
        a.add_through(0, image, lambda plist: (plist.set_chunk((8, 32)), plist.set_filter(40000, h5z.FLAG_OPTIONAL)))


def n_bit(plist):
    assert ctypes.CDLL(h5p.__file__).H5Pset_nbit(ctypes.c_int64(plist.id)) >= 0


def counts():
    image = ramp(10, 12)
    with Archive("no_images", last=-1):
        pass
    with Archive("no_count", last=None) as a:
        a.add(0, image)
    with Archive("count_of_billions", last=2**31 - 2) as a:
        a.add(0, image)
    with Archive("all_missing", last=3):
        pass
    with Archive("late_difference", last=199) as a:
        for number in range(200):
            a.add(number, ramp(9 if number == 100 else 8, 9, first=number % 5))
    with Archive("two_sizes", last=1) as a:
        a.add(0, image)
        a.add(1, ramp(12, 10))
    with Archive("image_and_volume", last=1) as a:
        a.add(0, image)
        a.add(1, ramp(3, 10, 12))
    with h5py.File(os.path.join(FOLDER, "other.hdf"), "w") as file:
        file["data"] = image


def lies():
    image = ramp(10, 12)
    sizes = {"apix_x": 0.001, "apix_y": 2000, "apix_z": 1.5, "origin_x": 3, "origin_y": -4, "origin_z": 5}
    statistics = {"minimum": 0, "maximum": 250, "mean": 20, "sigma": 3}
    with Archive("pixel_size_out_of_range") as a:
        a.add(0, image, sizes | {"MRC.nxstart": -6, "MRC.nystart": -5})
    with Archive("statistics_of_a_stack", last=1) as a:
        a.add(0, image, statistics)
        a.add(1, image, statistics | {"minimum": -5, "mean": 30, "sigma": 4})
    with Archive("too_many_samples") as a:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_chunk((8, 1000))
        h5d.create(a.images.create_group("0").id, b"image", h5t.NATIVE_UINT8, h5s.create_simple((10**6, 10**6)), plist)
    with Archive("chunk_too_large") as a:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_chunk((20000, 20000))
        h5d.create(a.images.create_group("0").id, b"image", h5t.NATIVE_UINT8, h5s.create_simple((20000, 20000)), plist)


chunk_indexes()
containers()
filters()
counts()
lies()
