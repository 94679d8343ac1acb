#!/usr/bin/env python3
"""Calibration and cosmic rays against ccdproc and astroscrappy on the same arrays, one thread each.

usage: peers_calibrate.py BUILD
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"


def best(body, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()  # both sides: CPU time on one thread
        result = body()
        times.append(time.process_time() - start)
    return min(times), result


def read(folder, name, edge):
    import numpy
    return numpy.fromfile(folder / f"{name}.f32", dtype="f4").reshape(edge, edge)


def calibrate_with_ccdproc(folder, ours):
    import ccdproc
    from astropy import units
    from astropy.nddata import CCDData
    raw, bias, dark, flat = (read(folder, name, 4096) for name in ("raw", "bias", "dark", "flat"))
    make = lambda data, unit: CCDData(data, unit=unit)  # noqa: E731
    masters = make(bias, "adu"), make(dark * 60, "adu"), make(flat, "")

    def run():
        # The steps of the fused pass: overscan level, deviation, bias, dark, gain, flat.
        ccd = make(raw - 1000, "adu")
        ccd = ccdproc.create_deviation(ccd, gain=1.5 * units.electron / units.adu, readnoise=5 * units.electron)
        ccd = ccdproc.subtract_bias(ccd, masters[0])
        ccd = ccdproc.subtract_dark(ccd, masters[1], dark_exposure=60 * units.s, data_exposure=60 * units.s, scale=False)
        ccd = ccdproc.gain_correct(ccd, 1.5 * units.electron / units.adu)
        return ccdproc.flat_correct(ccd, masters[2], norm_value=1)

    peer, _ = best(run, 2)
    print(f"calibrate 4096x4096 against ccdproc {ccdproc.__version__} | {ours:.4f} s | {peer:.3f} s | {peer / ours:.1f} | >= 20")


def score(hits, stars, mask, sky=200.0, read_noise=5.0):
    """The same figures as tests/kernels/scene_helpers.h: recall of pixels above 5 sigma, share of star pixels lost."""
    import numpy
    noise = numpy.sqrt(sky + stars + read_noise**2)
    hit = hits > 5 * noise
    nearby = numpy.zeros_like(hits)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            nearby += numpy.roll(hits, (dy, dx), (0, 1))
    star = stars > 3 * noise
    inside = slice(1, -1), slice(1, -1)
    hit, nearby, star, mask = (a[inside] for a in (hit, nearby, star, mask))
    return (hit & mask).sum() / hit.sum(), (star & mask & (nearby == 0)).sum() / star.sum()


def cosmic_rays_with_astroscrappy(folder, ours, recall, loss):
    import astroscrappy
    image, stars, hits = (read(folder, name, 2048) for name in ("image", "stars", "hits"))
    run = lambda: astroscrappy.detect_cosmics(image, gain=1.0, readnoise=5.0, satlevel=1e9)  # noqa: E731
    peer, (mask, _) = best(run, 1)
    peer_recall, peer_loss = score(hits, stars, mask)
    name = f"astroscrappy {astroscrappy.__version__}"
    print(f"cosmic rays 2048x2048 against {name} | {ours:.3f} s | {peer:.3f} s | {peer / ours:.1f} | -")
    print(f"cosmic-ray pixels above 5 sigma found, FWHM 2.2 px, against {name} | {100 * recall:.2f} % | {100 * peer_recall:.2f} % | {recall / peer_recall:.3f} | >= 95 %")
    ratio = f"{loss / peer_loss:.3f}" if peer_loss > 0 else "-"
    print(f"star pixels taken for cosmic rays, FWHM 2.2 px, against {name} | {100 * loss:.3f} % | {100 * peer_loss:.3f} % | {ratio} | <= 0.1 %")


def main():
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        program = pathlib.Path(sys.argv[1]) / "tests" / "bench" / "calibrate_bench"
        output = subprocess.run([program, "--scene", folder], check=True, capture_output=True, text=True).stdout
        figures = {line.split()[0]: [float(v) for v in line.split()[1:]] for line in output.splitlines()}
        for peer, compare, key in (("ccdproc", calibrate_with_ccdproc, "calibrate"),
                                   ("astroscrappy", cosmic_rays_with_astroscrappy, "cosmic_rays")):
            try:
                __import__(peer)
            except ImportError:
                print(f"skipped: no {peer} (apt-get install python3-{peer})")
                continue
            compare(folder, *figures[key])


if __name__ == "__main__":
    main()
