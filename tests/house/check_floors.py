#!/usr/bin/env python3
"""Checks the plan of the house: includes point down only, and each outside world is spoken to in one place.

usage: check_floors.py ROOT. Prints one line per violation; exit status 1 if there is any.
"""
import pathlib
import re
import sys

# Floors from the ground up: a file may include its own floor and those that its row names (transitively).
BELOW = {
    "kernels": [],
    "base": ["kernels"],
    "sky": ["base"],
    "formats": ["sky"],
    "lake": ["formats"],
    "ledger": ["lake"],
    "jobs": ["ledger"],
    "models": ["formats"],
    "simulate": ["formats"],
    "observing": ["sky"],
    "tasks": ["jobs", "models", "simulate", "observing"],
    "report": ["ledger", "jobs"],
    "app": ["tasks", "report"],
    "mpi": ["app"],
}
# Foreign header (regular expression) -> the only places that may include it.
ONLY_IN = {
    r"mpi\.h": ["mpi/"],
    r"fitsio\.h": ["src/formats/"],
    r"hdf5.*\.h": ["src/formats/"],
    r"nlohmann/.*": ["src/formats/"],
    r"avro.*": ["src/formats/"],
    r"sqlite3\.h": ["src/ledger/"],
    r"omp\.h": ["kernels/parallel.h"],
    r"boost/program_options.*": ["src/app/"],
    r"openssl/.*": ["src/base/"],
    r"(wcslib/)?wcs.*\.h": ["src/sky/"],
    r"erfa\.h": ["src/sky/"],
    r"dnnl.*": ["src/models/"],
    r"torch/.*": ["src/training/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
MAX_LINES = 400
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)[^;{(]*\{", re.MULTILINE)


def reachable(floor, seen=None):
    seen = set() if seen is None else seen
    for below in BELOW[floor]:
        if below not in seen:
            seen.add(below)
            reachable(below, seen)
    return seen


def floor_of_file(path):
    return path.parts[1] if path.parts[0] == "src" else path.parts[0]


def check_file(root, path):
    floor = floor_of_file(path)
    allowed = reachable(floor) | {floor}
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            if "#pragma omp" in line and str(path) != "kernels/parallel.h":
                yield f"{path}:{number}: OpenMP outside kernels/parallel.h"
            continue
        target = match.group(2)
        first = target.split("/")[0]
        if match.group(1) == '"' and first in BELOW and first not in allowed:
            yield f"{path}:{number}: {floor} includes {target}: includes point down only"
        for pattern, places in ONLY_IN.items():
            if match.group(1) == "<" and re.fullmatch(pattern, target):
                if not any(str(path).startswith(place) for place in places):
                    yield f"{path}:{number}: <{target}> belongs to {', '.join(places)}"


def check_length(root, path):
    lines = len((root / path).read_text().splitlines())
    if lines > MAX_LINES:
        yield f"{path}: {lines} lines, more than {MAX_LINES}: split it by purpose"


def check_names(root, files):
    """One name, one type: two of one name in one namespace are undefined behaviour once they are linked together."""
    home = {}
    for path in files:
        if path.suffix != ".h":
            continue
        text = (root / path).read_text()
        for name in sorted(set(TYPE.findall(text)) - {"std"}):
            if home.setdefault(name, path) != path:
                yield f"{path}: type {name} has the name of one in {home[name]}: choose another"


def main():
    root = pathlib.Path(sys.argv[1])
    files = sorted(
        p.relative_to(root)
        for folder in ("kernels", "src", "mpi")
        for p in (root / folder).rglob("*")
        if p.suffix in (".h", ".cpp")
    )
    if not files:
        print(f"no source files under {root}")
        return 1
    problems = [problem for path in files for check in (check_file, check_length) for problem in check(root, path)]
    problems += check_names(root, files)
    print("\n".join(problems) if problems else f"{len(files)} files: every include points down")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
