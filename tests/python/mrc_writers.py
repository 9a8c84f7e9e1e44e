"""Writers of MRC files that do as programs do whose source was read: the order of their writes, and when they open and close.

usage: mrc_writers.py WRITER FOLDER [ARGUMENT ...]
"""
import os
import signal
import sys
import time

import numpy as np


def header(shape, mode=2, next_bytes=0):
    words = np.zeros(256, "<i4")
    words[[2, 1, 0]], words[3], words[7:10], words[16:19], words[23] = shape, mode, shape[::-1], (1, 2, 3), next_bytes
    words[10:13] = np.array(shape[::-1], "<f4").view("<i4")
    words[52:54] = 0x2050414D, 0x4444
    return words.tobytes()


def noise(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape, "f4")


def header_last(folder, kill=""):
    """MotionCor and cisTEM: zeros in place of a header, frames behind it, the header at the end; or killed before it."""
    frames = noise(1, (3, 90, 80))
    descriptor = os.open(f"{folder}/aligned.mrc", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    os.pwrite(descriptor, bytes(1024), 0)
    for index, frame in enumerate(frames):
        os.pwrite(descriptor, frame.tobytes(), 1024 + index * frame.nbytes)
        time.sleep(0.3)
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)
    os.pwrite(descriptor, header(frames.shape), 0)
    os.close(descriptor)


def series(folder, count, pause):
    """SerialEM: a section is appended every now and then, the header written anew each time, and the file closed. Prints for how many seconds it was
    closed each time at most."""
    shape = (64, 48)
    pauses, closing = [], None
    for index in range(int(count)):
        with open(f"{folder}/TS.st", "r+b" if index else "w+b") as file:
            if closing is not None:
                pauses.append(time.monotonic() - closing)
            file.seek(0)
            file.write(header((index + 1, *shape), 1))
            file.seek(0, os.SEEK_END)
            file.write(np.random.default_rng(index).poisson(300, shape).astype("<i2").tobytes())
            closing = time.monotonic()
        with open(f"{folder}/TS.st.mdoc", "a") as file:
            file.write(f"[ZValue = {index}]\nTiltAngle = {3 * index}\n")
        time.sleep(float(pause))
    print(*pauses)


def open_series(folder, count):
    """SerialEM during one tilt series: the file stays open."""
    shape = (64, 48)
    with open(f"{folder}/open.st", "w+b", buffering=0) as file:
        for index in range(int(count)):
            file.seek(0)
            file.write(header((index + 1, *shape), 1))
            file.seek(0, os.SEEK_END)
            file.write(np.random.default_rng(index).poisson(300, shape).astype("<i2").tobytes())
            os.fsync(file.fileno())
            time.sleep(0.05)


def imod(folder, version):
    """newstack and tilt: what is there becomes NAME~ first; the header, sections in any order, the header again."""
    for name, shape in (("TS.st", (4, 40, 48)), ("TS.ali", (4, 40, 48)), ("TS.rec", (8, 40, 48)), ("TS.mrc", (1, 40, 48))):
        path = f"{folder}/{name}"
        if os.path.exists(path):
            if os.path.exists(path + "~"):
                os.unlink(path + "~")
            os.rename(path, path + "~")
        sections = noise(len(name) * 10 + int(version), shape)
        with open(path, "w+b") as file:
            file.write(header(shape))
            for index in np.random.default_rng(1).permutation(shape[0]):
                file.seek(1024 + int(index) * sections[0].nbytes)
                file.write(sections[index].tobytes())
            file.seek(0)
            file.write(header(shape))
    with open(f"{folder}/TS.st.mdoc", "w") as file:
        file.write(f"ImageFile = TS.st\n[ZValue = {version}]\n")


def parallel(folder):
    """IMOD's parallel tilt: several processes write disjoint sections of one file whose header is there already. None
    closes it before all have it open."""
    sections = noise(5, (8, 40, 48))
    with open(f"{folder}/parallel.rec", "wb") as file:
        file.write(header(sections.shape))
    children = []
    (opened, tell_opened), (all_opened, tell_all_opened) = os.pipe(), os.pipe()
    for worker in range(4):
        child = os.fork()
        if child == 0:
            os.close(tell_all_opened)
            with open(f"{folder}/parallel.rec", "r+b") as file:
                os.write(tell_opened, b".")
                os.read(all_opened, 1)
                for index in range(worker, 8, 4):
                    file.seek(1024 + index * sections[0].nbytes)
                    file.write(sections[index].tobytes())
                    time.sleep(0.05)
            os._exit(0)
        children.append(child)
    for _ in children:
        os.read(opened, 1)
    os.close(tell_all_opened)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


if __name__ == "__main__":
    {"header_last": header_last, "series": series, "open_series": open_series, "imod": imod, "parallel": parallel}[sys.argv[1]](*sys.argv[2:])
