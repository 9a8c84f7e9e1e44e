"""Prints the processor seconds that zlib takes to decode the strips of a TIFF file."""
import sys
import time
import zlib

import tifffile

with tifffile.TiffFile(sys.argv[1]) as tiff, open(sys.argv[1], "rb") as file:
    strips = []
    for page in tiff.pages:
        for offset, length in zip(page.dataoffsets, page.databytecounts):
            file.seek(offset)
            strips.append((file.read(length), page.nbytes))
begin = time.process_time()
for strip, length in strips:
    zlib.decompress(strip, bufsize=length)
print(time.process_time() - begin)
