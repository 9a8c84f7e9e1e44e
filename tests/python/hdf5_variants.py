"""Writes HDF5 files under varied settings, and tells what h5py sees in a file.

usage: hdf5_variants.py write FOLDER COUNT SEED     writes COUNT files named 000.h5, 001.h5, ...
       hdf5_variants.py describe FILE...            prints one line of JSON for each file
"""
import ctypes
import itertools
import json
import random
import sys
import zlib

import h5py
import numpy
from h5py import h5d, h5f, h5g, h5l, h5o, h5p, h5s, h5t, h5z

TYPES = ["|i1", "|u1", "<i2", "<u2", ">u2", "<i4", ">i4", "<u4", "<i8", ">u8", "<f2", "<f4", ">f4", "<f8", ">f8"]


def write(folder, count, seed):
    for number in range(count):
        write_file("%s/%03d.h5" % (folder, number), random.Random(seed * 1000 + number))


def create(path, choice):
    """A new file with random container settings."""
    plist = h5p.create(h5p.FILE_CREATE)
    if choice.random() < 0.2:
        plist.set_sizes(4, 8)  # libhdf5 does not find its own unlimited dimensions in lengths of 4 bytes
    if choice.random() < 0.2:
        plist.set_userblock(choice.choice([512, 1024, 4096]))
    if choice.random() < 0.2:
        share_messages(plist)
    if choice.random() < 0.2:
        plist.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    access = h5p.create(h5p.FILE_ACCESS)
    bounds = choice.choice([(h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST), (h5f.LIBVER_LATEST, h5f.LIBVER_LATEST), (h5f.LIBVER_V18, h5f.LIBVER_LATEST)])
    access.set_libver_bounds(*bounds)
    return h5py.File(h5f.create(path.encode(), h5f.ACC_TRUNC, plist, access))


def share_messages(plist):
    """Datatypes, dataspaces, fill values, pipelines and attributes of 20 bytes and more go to the file's shared heaps."""
    library = ctypes.CDLL(h5py.h5p.__file__) if not hasattr(share_messages, "library") else share_messages.library
    share_messages.library = library
    identifier = ctypes.c_int64(plist.id)
    assert library.H5Pset_shared_mesg_nindexes(identifier, ctypes.c_uint(2)) >= 0
    assert library.H5Pset_shared_mesg_index(identifier, ctypes.c_uint(0), ctypes.c_uint(0x1 | 0x2), ctypes.c_uint(20)) >= 0
    assert library.H5Pset_shared_mesg_index(identifier, ctypes.c_uint(1), ctypes.c_uint(0x4 | 0x8 | 0x10), ctypes.c_uint(20)) >= 0


def write_file(path, choice):
    with create(path, choice) as file:
        groups = [file]
        for number in range(choice.choice([1, 2, 40])):
            parent = choice.choice(groups[:5])
            groups.append(parent.create_group("group%d" % number, track_order=choice.random() < 0.3))
        if choice.random() < 0.3:
            many = file.create_group("many")
            for number in range(choice.choice([9, 70, 400])):
                many.create_group(str(number))
        for number in range(choice.randint(1, 4)):
            write_dataset(choice.choice(groups), "data%d" % number, choice)
        file["named"] = numpy.dtype("<u2")
        file["group0/of_named"] = file["group0"].create_dataset("typed", (3,), dtype=file["named"])
        file["group0/soft"] = h5py.SoftLink("/group0/typed")
        file["group0/far"] = h5py.ExternalLink("elsewhere.h5", "/there")
        for group in groups[:4]:
            write_attributes(group, choice)


def write_dataset(group, name, choice):
    rank = choice.choice([1, 2, 2, 3, 3, 4])
    shape = [choice.randint(1, 12 if rank > 2 else 40) for _ in range(rank)]
    dtype = numpy.dtype(choice.choice(TYPES))
    plist = h5p.create(h5p.DATASET_CREATE)
    limits = list(shape)
    layout = choice.choice(["compact", "contiguous", "chunked", "chunked", "chunked", "chunked"])
    if layout == "compact":
        plist.set_layout(h5d.COMPACT)
    elif layout == "chunked":
        kind = choice.choice(["single", "fixed", "fixed", "grown", "one unlimited", "all unlimited", "implicit"])
        chunk = shape if kind == "single" else [max(1, min(side, choice.randint(1, 9))) for side in shape]
        plist.set_chunk(tuple(chunk))
        if kind == "grown":
            limits = [side + choice.randint(0, 9) for side in shape]
        elif kind == "one unlimited":
            limits[choice.randrange(rank)] = h5s.UNLIMITED
        elif kind == "all unlimited":
            limits = [h5s.UNLIMITED] * rank
        if kind == "implicit":
            plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        else:
            set_filters(plist, dtype, choice)
        if choice.random() < 0.2:
            set_partial_unfiltered(plist)
    if choice.random() < 0.3:
        plist.set_fill_value(numpy.array(7, dtype))
    space = h5s.create_simple(tuple(shape), tuple(limits))
    # Long names go to the shared heaps or dense storage as well as short ones.
    data = h5py.Dataset(h5d.create(group.id, name.encode(), h5t.py_create(dtype), space, plist))
    values = (numpy.arange(numpy.prod(shape)) % 100).astype(dtype).reshape(shape)
    written = choice.choice(["all", "all", "part", "none"])
    if written == "all":
        data[...] = values
    elif written == "part":
        data[: max(1, shape[0] // 2)] = values[: max(1, shape[0] // 2)]
    write_attributes(data, choice)


def set_filters(plist, dtype, choice):
    if dtype.kind in "iu" and dtype.byteorder != ">" and choice.random() < 0.1:
        plist.set_scaleoffset(h5z.SO_INT, 0)
        return
    if choice.random() < 0.4:
        plist.set_shuffle()
    if choice.random() < 0.6:
        plist.set_deflate(choice.randint(0, 9))
    if choice.random() < 0.3:
        plist.set_fletcher32()


def set_partial_unfiltered(plist):
    library = ctypes.CDLL(h5py.h5p.__file__)
    dont_filter_partial_chunks = 2
    assert library.H5Pset_chunk_opts(ctypes.c_int64(plist.id), ctypes.c_uint(dont_filter_partial_chunks)) >= 0


def write_attributes(holder, choice):
    for number in range(choice.choice([0, 1, 5, 30])):
        kind = choice.choice(["scalar", "one", "many", "text", "fixed text", "bool", "compound", "empty"])
        name = "attribute%d" % number
        dtype = numpy.dtype(choice.choice(TYPES))
        if kind == "scalar":
            holder.attrs.create(name, numpy.array(number, dtype))
        elif kind == "one":
            holder.attrs.create(name, numpy.array([number], dtype))
        elif kind == "many":
            holder.attrs.create(name, numpy.arange(choice.choice([3, 500]) % 100 + 1).astype(dtype))
        elif kind == "text":
            holder.attrs[name] = "größe %d" % number
        elif kind == "fixed text":
            holder.attrs[name] = numpy.bytes_("fixed text %d" % number)
        elif kind == "bool":
            holder.attrs[name] = bool(number % 2)
        elif kind == "compound":
            holder.attrs[name] = numpy.zeros(2, [("a", "<f4"), ("b", "<i2")])
        else:
            holder.attrs[name] = h5py.Empty("<f4")
    if choice.random() < 0.1:
        # Longer than an object header message may be: a large object of the heap.
        holder.attrs.create("large", numpy.arange(20000, dtype="<f8")) if isinstance(holder, h5py.Group) and is_latest(holder) else None


def is_latest(holder):
    return holder.file.id.get_access_plist().get_libver_bounds()[0] == h5f.LIBVER_LATEST


def describe(path):
    with h5py.File(path, "r") as file:
        seen = {}
        describe_object(file, "/", seen)
        return {"path": path, "objects": seen}


def describe_object(item, path, seen):
    seen[path] = result = {"attributes": describe_attributes(item)}
    if isinstance(item, h5py.Group):
        result["links"] = links = {}
        for name in item:
            link = item.get(name, getlink=True)
            if isinstance(link, h5py.SoftLink):
                links[name] = "soft " + link.path
            elif isinstance(link, h5py.ExternalLink):
                links[name] = "external %s %s" % (link.filename, link.path)
            else:
                links[name] = "hard"
                describe_object(item[name], path.rstrip("/") + "/" + name, seen)
    elif isinstance(item, h5py.Dataset):
        result.update(describe_dataset(item))


def describe_dataset(data):
    plist = data.id.get_create_plist()
    result = {
        "kind": {0: "compact", 1: "contiguous", 2: "chunked"}.get(plist.get_layout(), "other"),
        "type": describe_type(data.id.get_type()),
        "shape": data.shape,
        "limits": data.maxshape,
        # h5py returns what lies behind its buffer of 16 values as further values.
        "filters": [list(plist.get_filter(i)[:1]) + [list(map(int, plist.get_filter(i)[2][:16]))] for i in range(plist.get_nfilters())],
    }
    if plist.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED and data.dtype.kind in "iuf":
        fill = numpy.zeros((1,), data.dtype)
        plist.get_fill_value(fill)
        result["fill"] = fill.tobytes().hex()
    if plist.get_layout() == h5d.CHUNKED:
        result["chunk"] = list(plist.get_chunk())
        result["chunks"] = describe_chunks(data, plist.get_chunk())
    elif plist.get_layout() == h5d.CONTIGUOUS:
        result["offset"] = data.id.get_offset() if data.id.get_storage_size() > 0 else None
    return result


def describe_chunks(data, sides):
    """Start, address, length, filter mask and CRC of each chunk's bytes; the address is left out where libhdf5 1.10 gets it wrong: with a user
    block, and where another dimension than the first is the only unlimited one."""
    has_addresses = data.file.userblock_size == 0 and (None not in data.maxshape[1:] or data.maxshape.count(None) > 1)
    chunks = []
    for start in itertools.product(*(range(0, side, chunk) for side, chunk in zip(data.shape, sides))):
        try:
            mask, stored = data.id.read_direct_chunk(start)
        except (OSError, RuntimeError, ValueError):
            continue  # never written
        info = data.id.get_chunk_info_by_coord(start)
        if has_addresses and info.byte_offset is not None:
            assert (mask, len(stored)) == (info.filter_mask, info.size)
        address = info.byte_offset if has_addresses else None
        chunks.append([list(start), address, len(stored), mask, zlib.crc32(stored)])
    return chunks


def describe_type(type_id):
    kind = type_id.get_class()
    if kind in (h5t.INTEGER, h5t.FLOAT):
        order = "|" if type_id.get_size() == 1 else ">" if type_id.get_order() == h5t.ORDER_BE else "<"
        letter = "f" if kind == h5t.FLOAT else "i" if type_id.get_sign() == h5t.SGN_2 else "u"
        return "%s%s%d" % (order, letter, type_id.get_size())
    if kind == h5t.STRING:
        return "text" if type_id.is_variable_str() else "text%d" % type_id.get_size()
    if kind == h5t.ENUM:
        return "enum " + describe_type(type_id.get_super())
    return "class%d of %d" % (kind, type_id.get_size())


def describe_attributes(item):
    result = {}
    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        type_id = attribute.get_type()
        entry = {"type": describe_type(type_id)}
        if attribute.get_space().get_simple_extent_type() == h5s.NULL:
            entry["shape"] = None
        else:
            entry["shape"] = list(attribute.shape)
            if entry["type"] == "text":
                value = item.attrs[name]
                entry["text"] = value if isinstance(value, str) else None
            else:
                raw = numpy.empty(attribute.shape, dtype=attribute.dtype)
                attribute.read(raw, mtype=type_id)
                entry["data"] = raw.tobytes().hex()
        result[name] = entry
    return result


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        for path in sys.argv[2:]:
            print(json.dumps(describe(path)))
