#!/usr/bin/env python3
"""Runs the programs that measure and writes docs/MEASURED.md.

usage: measure.py BUILD OUTPUT [NAME...]   (NAME: which ones, e.g. calibrate_bench; default all but those that take hours)

A measuring program is BUILD/tests/bench/*_bench, or tests/bench/peers_*.py or *_bench.py or *_bench.sh here. It prints rows
    NAME | value unit | peer value | ratio | target
and any other line as a remark. A run of some names keeps the other sections of OUTPUT as they are.
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r"^[^|]+(\|[^|]*){4}$")
HOURS = {"killed_bench"}  # measured only when named
INTRO = """# Measured

Every figure with the command that reproduces it. `./make.sh bench` writes this page; `./make.sh bench NAME` measures one
section again. Ratios are against the peer in the same run: machines differ, and shared ones are noisy. A target that is
missed stays in the table, with its figure.
"""


def programs(build):
    found = sorted(pathlib.Path(build, "tests", "bench").glob("*_bench"))
    found += sorted(p for p in HERE.iterdir() if re.fullmatch(r"(peers_.*|.*_bench)\.(py|sh)", p.name))
    return {p.stem: p for p in found if p.is_file()}


def command(path, build):
    if path.suffix == ".py":
        return [sys.executable, str(path), str(build)]
    if path.suffix == ".sh":
        return ["bash", str(path), str(build)]
    return [str(path)]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def measure(name, path, build):
    print(f"measuring {name} ...", flush=True)
    env = dict(os.environ, OMP_WAIT_POLICY="passive", POLIS_BUILD=str(build))
    done = subprocess.run(command(path, build), capture_output=True, text=True, env=env, timeout=3600, check=False)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    rows = [line for line in lines if ROW.match(line) and not line.startswith("NAME")]
    remarks = [line for line in lines if not ROW.match(line) and not line.startswith("NAME")]
    if done.returncode != 0:
        remarks.append(f"ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    text = [f"## {name}", "", f"`./make.sh bench {name}` on {processor()}, {os.cpu_count()} processors", ""]
    if rows:
        text += ["| what | figure | peer | ratio | target |", "| --- | --- | --- | --- | --- |"]
        text += ["| " + " | ".join(cell.strip() for cell in row.strip("|").split("|")) + " |" for row in rows]
        text.append("")
    if remarks:
        text += ["```", *remarks[:40], "```"]
    print("\n".join(rows or remarks), flush=True)
    return "\n".join(text).rstrip() + "\n"


def read_sections(output):
    if not output.exists():
        return {}
    parts = re.split(r"^## ", output.read_text(), flags=re.M)[1:]
    return {part.split("\n", 1)[0].strip(): "## " + part.rstrip() + "\n" for part in parts}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, output, names = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]), sys.argv[3:]
    available = programs(build)
    unknown = [name for name in names if name not in available]
    if unknown:
        sys.exit(f"cannot measure {', '.join(unknown)} (no such program) there are: {', '.join(available)}")
    sections = read_sections(output)
    chosen = names or [name for name in available if name not in HOURS]
    for name in [name for name in HOURS if name in available and name not in chosen]:
        print(f"left out: {name} takes an hour or more: name it to measure it")
    for name in chosen:
        sections[name] = measure(name, available[name], build)
        output.write_text(INTRO + "\n" + "\n".join(sections[key] for key in sorted(sections)))
    print(f"written: {output}")


if __name__ == "__main__":
    main()
