#!/usr/bin/env bash
# The two commands of the house, and a few more: `./make.sh help`.
set -euo pipefail
cd "$(dirname "$0")"

BUILD=${POLIS_BUILD_DIR:-build}
BUILD_PACKAGES="g++ cmake ninja-build pkg-config git ca-certificates libopenmpi-dev openmpi-bin libhdf5-dev libcfitsio-dev
  wcslib-dev liberfa-dev libboost-program-options-dev libgtest-dev libgmock-dev libbenchmark-dev libeigen3-dev
  libfftw3-dev libsqlite3-dev libssl-dev nlohmann-json3-dev libspdlog-dev libfmt-dev zlib1g-dev
  libdnnl-dev libavro-dev"
TEST_PACKAGES="python3 python3-numpy python3-astropy python3-h5py python3-tables python3-pandas python3-matplotlib
  python3-onnx python3-avro slurm-wlm munge procps"
BENCH_PACKAGES="source-extractor python3-sep python3-ccdproc python3-astroscrappy time python3-torch"

usage() {
  cat <<'TEXT'
usage: ./make.sh COMMAND [ARGUMENTS]

  night [ARGS]     install what is missing, build, simulate a small night of three sites, run it on MPI ranks, print a
                   summary and where the products are. POLIS_RANKS=4 and POLIS_NIGHT=night set ranks and folder.
  test [ARGS]      install what is missing, build, run all tests. ARGS go to ctest (-R regex picks tests).
  bench [NAME..]   install the peers, measure, write docs/MEASURED.md
  build            install what is missing and build into ./build
  sanitize [ARGS]  build with the address and undefined-behaviour sanitizers into ./build-sanitize and run the tests
  tidy             clang-format and clang-tidy over the tree
  help             this text

Everything needs Debian 12 (or a system with the same libraries). Exit code 3: packages are missing and cannot be installed.
TEXT
}

# packages NAME...: installs what is missing; prints the line to run where it may not.
packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
      as_root=(sudo)
    else
      echo "cannot install packages (neither root nor sudo without a password) run this line, then try again:" >&2
      echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 3
    fi
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

configure_and_build() {  # FOLDER CMAKE-OPTIONS...
  local folder=$1
  shift
  cmake -G Ninja -S . -B "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
  cmake --build "$folder" --parallel "${POLIS_JOBS:-$(nproc)}"
}

build() {
  # shellcheck disable=SC2086
  packages $BUILD_PACKAGES
  configure_and_build "$BUILD"
}

command=${1:-help}
[ $# -gt 0 ] && shift
case "$command" in
  night)
    # shellcheck disable=SC2086
    packages $BUILD_PACKAGES
    configure_and_build "$BUILD" -DPOLIS_TESTS=OFF -DPOLIS_BENCH=OFF
    exec slurm/night_here.sh "$BUILD/polis" "${POLIS_NIGHT:-night}" "$@"
    ;;
  test)
    # shellcheck disable=SC2086
    packages $BUILD_PACKAGES $TEST_PACKAGES
    configure_and_build "$BUILD" -DPOLIS_TESTS=ON
    ctest --test-dir "$BUILD" --output-on-failure --parallel "${POLIS_JOBS:-$(nproc)}" "$@"
    ;;
  sanitize)
    # shellcheck disable=SC2086
    packages $BUILD_PACKAGES $TEST_PACKAGES
    configure_and_build build-sanitize -DPOLIS_SANITIZE=ON -DPOLIS_TESTS=ON -DPOLIS_BENCH=OFF
    # Open MPI and munge keep memory until exit by design: leaks are looked for in the programs without MPI only.
    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
      ctest --test-dir build-sanitize --output-on-failure --parallel "${POLIS_JOBS:-$(nproc)}" "$@"
    ;;
  bench)
    # shellcheck disable=SC2086
    packages $BUILD_PACKAGES $TEST_PACKAGES $BENCH_PACKAGES
    configure_and_build "$BUILD" -DPOLIS_BENCH=ON
    exec /usr/bin/python3 tests/bench/measure.py "$BUILD" docs/MEASURED.md "$@"
    ;;
  build) build ;;
  tidy)
    packages clang-format clang-tidy
    git ls-files '*.h' '*.cpp' | xargs clang-format --dry-run -Werror
    configure_and_build "$BUILD" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    git ls-files 'src/*.cpp' 'kernels/*.cpp' 'mpi/*.cpp' | xargs -P "$(nproc)" -n 4 clang-tidy -quiet -p "$BUILD"
    ;;
  help | --help | -h) usage ;;
  *)
    echo "no such command: $command (see below)" >&2
    usage >&2
    exit 2
    ;;
esac
