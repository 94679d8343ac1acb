#!/usr/bin/env python3
"""Most memory of one rank over a whole night, for few and for many frames.

usage: memory_bench.py BUILD

The model of the night is the masters of one detector: bias, dark and flats, each as large as a frame.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

SIDE = 1536
FRAME = SIDE * SIDE * 12 / 2**20  # pixels, variance, mask [MiB]


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return done


def peak_mib(command):
    """Largest resident memory of a process, from the kernel's own count for that child."""
    pid = os.fork()
    if pid == 0:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return usage.ru_maxrss / 1024


def night(polis, folder, side, frames, nights):
    raw, city = folder / f"raw{side}_{frames}_{nights}", folder / f"city{side}_{frames}_{nights}"
    run(polis, "simulate", "--preset", "transients", "--out", raw, "--no-truth", "--scene", "sites=karoo", "--scene", "filters=r",
        "--scene", f"width={side}", "--scene", f"height={side}", "--scene", f"science_frames={frames}", "--scene", f"nights={nights}")
    run(polis, "ingest", "--city", city, "--reference", raw / "reference.h5", raw)
    return peak_mib([str(polis), "run", "--city", str(city)])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.environ["OMP_NUM_THREADS"] = "1"
    polis = pathlib.Path(sys.argv[1]).resolve() / "polis"
    with tempfile.TemporaryDirectory(prefix="polis_memory.") as name:
        folder = pathlib.Path(name)
        empty = night(polis, folder, 64, 2, 1)
        print(f"a frame: {FRAME:.0f} MiB; a night of 64 x 64 pixels takes {empty:.0f} MiB")
        for frames, nights, what in ((2, 1, "2 frames"), (8, 1, "8 frames"), (4, 2, "4 frames, then 4 to subtract")):
            peak = night(polis, folder, SIDE, frames, nights)
            masters = 3
            share = (peak - empty) / FRAME
            print(f"memory of a rank, a night of {what} of {SIDE}^2: above an empty one | {share:.2f} frames | "
                  f"{share - masters:.2f} beside 3 masters | | <= 4 frames beside the model of the night")


if __name__ == "__main__":
    main()
