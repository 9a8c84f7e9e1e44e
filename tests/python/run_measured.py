"""Runs a program; prints the seconds that passed, the seconds of processor time, and its peak resident memory in KiB.

usage: run_measured.py PROGRAM [ARGUMENT]...
"""
import resource
import subprocess
import sys
import time

begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - begin
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
