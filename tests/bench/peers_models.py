#!/usr/bin/env python3
"""The executor against LibTorch (python3-torch) on the architecture of braai, 2 threads each, in turns.

usage: peers_models.py BUILD

LibTorch runs it as it comes and as a frozen script optimised for inference, at each batch size; its best counts. Wall-clock
rates are the best of the rounds; rates per processor second tell what remains when others use the machine too.
"""
import os
import pathlib
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "2"
BATCHES = (1, 4, 8, 16, 32, 64, 128, 256)
ROUNDS = 5
STAMPS = 512


def network(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(4),
        nn.Flatten(), nn.Linear(1152, 256), nn.ReLU(), nn.Linear(256, 1), nn.Sigmoid()).eval()


def torch_rates(torch, models, best):
    """One round over all batches; `best`: (model, batch) -> [wall, processor] stamps/s."""
    for name, model in models.items():
        for batch in BATCHES:
            stamps = torch.randn(batch, 3, 63, 63)
            model(stamps)
            runs = max(1, STAMPS // batch) if batch > 8 else 16
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(runs):
                model(stamps)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            old = best.get((name, batch), [0.0, 0.0])
            best[name, batch] = [max(old[0], batch * runs / wall), max(old[1], batch * runs / cpu)]


def our_rates(build, best):
    """One round; `best`: arithmetic -> [wall, processor] stamps/s."""
    program = pathlib.Path(build, "tests", "bench", "models_bench")
    text = subprocess.run([str(program), "--rates", "3"], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        values = [float(word) for word in line.split()]
        for name, wall, cpu in zip(("f32", "f32, Winograd", "bf16"), values[0::2], values[1::2]):
            old = best.get(name, [0.0, 0.0])
            best[name] = [max(old[0], wall), max(old[1], cpu)]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        import torch
    except ImportError:
        print("skipped: no python3-torch")
        return
    torch.set_num_threads(2)
    plain = network(torch)
    script = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.script(plain)))
    models = {"as it comes": plain, "frozen": script}
    theirs, ours = {}, {}
    with torch.inference_mode():
        for _ in range(ROUNDS):
            torch_rates(torch, models, theirs)
            our_rates(sys.argv[1], ours)
    for what, place, unit in (("2 threads", 0, "stamps/s"), ("per processor second", 1, "stamps")):
        for name in models:
            batch = max(BATCHES, key=lambda b: theirs[name, b][place])
            peer = theirs[name, batch][place]
            for arithmetic, rates in ours.items():
                if rates[place] > 0:
                    target = ">= 2" if arithmetic.startswith("f32") and name == "as it comes" else "-"
                    print(f"braai network, {arithmetic}, {what}, against LibTorch {torch.__version__} {name} (f32, batch {batch}) | "
                          f"{rates[place]:.0f} {unit} | {peer:.0f} {unit} | {rates[place] / peer:.2f} | {target}")


if __name__ == "__main__":
    main()
