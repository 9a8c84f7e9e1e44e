"""Compares what the same programs wrote through a writable mount and to a plain folder: names, kinds, links, permissions, owners, sizes and
bytes. Samples may differ where there is an archive in SOURCE, by half of the step that it states and the
roundings of EMAN2's float32 arithmetic.

usage: compare_written.py PLAIN MOUNT SOURCE [--same-times] [--skip-labels] [--all-archived [RAW ...]]
With --same-times modification times must be the same, too, but for folders.
Programs write the time into labels of headers: --skip-labels.
With --all-archived every file with an MRC name lies in SOURCE as NAME.hdf, but for RAW; every other file under its own name, byte for byte; and
nothing else.
"""
import argparse
import os
import stat

import h5py
import numpy as np

MRC_NAMES = (".mrc", ".mrcs", ".map", ".ccp4", ".st", ".rec", ".ali", ".preali")
TYPES = {0: "i1", 1: "<i2", 2: "<f4", 6: "<u2", 12: "<f2"}
LABELS = slice(220, 1024)


def tree(root, skipped=()):
    """Relative paths of all there is."""
    paths = set()
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in skipped]
        paths |= {os.path.relpath(os.path.join(folder, name), root) for name in folders + files}
    return paths


def read(path, skip_labels):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    if skip_labels and path.lower().endswith(MRC_NAMES):
        content[LABELS] = bytes(len(content[LABELS]))
    return bytes(content)


def compare_samples(name, expected, actual, archive):
    mode, nsymbt = np.frombuffer(expected, "<i4", 1, 12)[0], np.frombuffer(expected, "<i4", 1, 92)[0]
    begin = 1024 + nsymbt
    assert expected[:begin] == actual[:begin], f"{name}: the headers differ"
    expected, actual = (np.frombuffer(content, TYPES[mode], offset=begin) for content in (expected, actual))
    with h5py.File(archive) as file:
        images = file["/MDF/images"]
        count = int(images.attrs["imageid_max"][0]) + 1
        for index, (one, other) in enumerate(zip(np.split(expected, count), np.split(actual, count))):
            attributes = images[str(index)].attrs
            bits = int(attributes["EMAN.stored_renderbits"][0]) if "EMAN.stored_renderbits" in attributes else 0
            low, high = (attributes[f"EMAN.stored_render{end}"][0] for end in ("min", "max")) if bits > 0 else (0, 0)
            step = (float(high) - float(low)) / (2**bits - 1) if bits > 0 else 0
            bound = step / 2 + 4e-7 * max(abs(float(low)), abs(float(high))) if bits > 0 else 0
            worst = np.abs(one.astype("f8") - other.astype("f8")).max()
            assert worst <= bound, f"{name}, image {index}: {worst} is more than half a step of {step} ({bits} bits)"


def compare(name, arguments):
    plain, mounted = (os.path.join(root, name) for root in (arguments.plain, arguments.mount))
    expected, actual = os.lstat(plain), os.lstat(mounted)
    has_time = arguments.same_times and not stat.S_ISDIR(expected.st_mode)
    for field in ("st_mode", "st_uid", "st_gid") + (("st_mtime_ns",) if has_time else ()):
        assert getattr(expected, field) == getattr(actual, field), f"{name}: {field} is {getattr(actual, field)}, not {getattr(expected, field)}"
    if stat.S_ISLNK(expected.st_mode):
        assert os.readlink(plain) == os.readlink(mounted), name
    elif stat.S_ISREG(expected.st_mode):
        assert expected.st_size == actual.st_size, f"{name} has {actual.st_size} bytes, not {expected.st_size}"
        expected, actual = read(plain, arguments.skip_labels), read(mounted, arguments.skip_labels)
        if expected != actual:
            archive = os.path.join(arguments.source, name + ".hdf")
            assert os.path.exists(archive), f"{name} differs, and is no archive"
            compare_samples(name, expected, actual, archive)


def compare_source(names, arguments):
    stored = {}
    found = tree(arguments.source, (".emfs",))
    for name in names:
        is_file = os.path.isfile(os.path.join(arguments.plain, name)) and not os.path.islink(os.path.join(arguments.plain, name))
        # What was archived before it got a name that is none of an MRC file stays an archive.
        is_archive = is_file and name not in arguments.all_archived and (
            name.lower().endswith(MRC_NAMES) or (name + ".hdf" in found and name not in found))
        stored[name + ".hdf" if is_archive else name] = is_file and not is_archive
    assert found == set(stored), f"the source: {sorted(found ^ set(stored))}"
    for name, is_plain in stored.items():
        if is_plain:
            expected, actual = (read(os.path.join(root, name), arguments.skip_labels) for root in (arguments.plain, arguments.source))
            assert expected == actual, f"{name} differs in the source"
    assert not os.listdir(os.path.join(arguments.source, ".emfs/tmp")), "something is left under a temporary name"


def main():
    parser = argparse.ArgumentParser()
    for name in ("plain", "mount", "source"):
        parser.add_argument(name)
    parser.add_argument("--same-times", action="store_true")
    parser.add_argument("--skip-labels", action="store_true")
    parser.add_argument("--all-archived", nargs="*")
    arguments = parser.parse_args()
    names, mounted = tree(arguments.plain), tree(arguments.mount)
    assert names == mounted, f"only in one of the two: {sorted(names ^ mounted)}"
    for name in sorted(names):
        compare(name, arguments)
    if arguments.all_archived is not None:
        compare_source(names, arguments)
    print(len(names))


main()
