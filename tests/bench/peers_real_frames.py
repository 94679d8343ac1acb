#!/usr/bin/env python3
"""Sources and aperture photometry against Source Extractor on the same calibrated pixels of real frames.

usage: peers_real_frames.py BUILD      (real data: ../shared/data beside the repository, or POLIS_REAL_DATA_DIR)

S/N of Source Extractor is FLUX_AUTO / FLUXERR_AUTO, which takes the noise of pixels as independent. It runs with its own
defaults for detection (1.5 sigma, 5 pixels, 3x3 filter, mesh of 64 px); pixels without a value have weight 0.
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import h5py
import numpy
from astropy.io import fits

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("POLIS_REAL_DATA_DIR", REPOSITORY.parent / "shared" / "data"))
SETS = {  # name: globs of the raw frames, calibrations included
    "ntt-emmi": ["ntt-emmi/image.fits"],
    "streak": ["streak/samples/*.fits"],
    "decam-pairs": ["decam-pairs/input_data/*.mini.fits"],
    "2mass-m17": ["2mass-m17/*.fits.gz"],
    "umd-st8": ["umd-st8/*/science/*.fit", "umd-st8/*/calibration/*.fit"],
}
MATCH_PX = 2.0
BRIGHT_SNR = 10.0
PHOTOMETRY_SNR = 20.0
MASK_NAMES = ("bad", "saturated", "bleed", "hot", "cosmic_ray", "trail", "edge", "interpolated", "no_data", "suspect")
# Bits that kernels/mask_bits.h calls unusable, for the remarks on misses.
UNUSABLE = 1 | 2 | 4 | 8 | 16 | 32 | 256
COLUMNS = "X_IMAGE Y_IMAGE FLUX_AUTO FLUXERR_AUTO FLUX_APER FLUXERR_APER FLAGS FWHM_IMAGE BACKGROUND".split()
FILTER = "CONV NORM\n1 2 1\n2 4 2\n1 2 1\n"

Frame = collections.namedtuple("Frame", "name sources facts pixels variance mask")


def polis(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode > 1:  # 1: some frame failed; the others count
        sys.exit(f"polis {words[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def make_frames(program, files, folder):
    """Catalogs of measure_frame with the calibrated frames that they were made from."""
    city, products = folder / "city", folder / "products"
    polis(program, "ingest", "--city", city, *files)
    # What follows the catalogs (registration, forced photometry) is not compared: its requests are left out.
    polis(program, "run", "--city", city, "--set", "open_night.keep_frames=true", "--set", "limits.request_depth=1")
    for kind in ("catalog", "frame"):
        polis(program, "export", "--city", city, "--to", products, "--kind", kind)
    label = lambda path: path.stem.rsplit("_", 1)[0]  # noqa: E731  the digest ends the name
    pixels = {label(path): path for path in (products / "frame" / "calibrate_frame").glob("*.fits")}
    for path in sorted((products / "catalog" / "measure_frame").glob("*.h5")):
        with h5py.File(path) as file, fits.open(pixels[label(path)]) as hdus:
            facts = {k[5:]: v.decode() for k, v in file.attrs.items() if k.startswith("FACT_")}
            planes = hdus["SCI"].data.astype("f4"), hdus["VAR"].data.astype("f4"), hdus["DQ"].data.astype("i8")
            yield Frame(label(path), file["sources"][:], facts, *planes)


def extract(frame, folder):
    """Source Extractor's catalog of the frame's pixels [electron]; positions 0-based."""
    valid = numpy.isfinite(frame.pixels)
    fits.writeto(folder / "image.fits", numpy.where(valid, frame.pixels, 0), overwrite=True)
    fits.writeto(folder / "weight.fits", valid.astype("f4"), overwrite=True)
    (folder / "columns.param").write_text("\n".join(COLUMNS) + "\n")
    (folder / "filter.conv").write_text(FILTER)
    settings = {"CATALOG_NAME": "catalog.fits", "CATALOG_TYPE": "FITS_1.0", "PARAMETERS_NAME": "columns.param",
                "FILTER_NAME": "filter.conv", "DETECT_THRESH": 1.5, "ANALYSIS_THRESH": 1.5, "DETECT_MINAREA": 5, "GAIN": 1,
                "PHOT_APERTURES": 2 * float(frame.facts["aperture_radius_px"]), "SATUR_LEVEL": 1e9, "BACK_SIZE": 64,
                "BACK_FILTERSIZE": 3, "VERBOSE_TYPE": "QUIET", "WRITE_XML": "N"}
    if not valid.all():
        settings |= {"WEIGHT_TYPE": "MAP_WEIGHT", "WEIGHT_IMAGE": "weight.fits"}
    words = [word for key, value in settings.items() for word in (f"-{key}", str(value))]
    subprocess.run(["source-extractor", "image.fits", "-c", "/dev/null", *words], cwd=folder, check=True)
    table = fits.getdata(folder / "catalog.fits", 1)
    peer = {name: numpy.array(table[name], "f8").reshape(len(table)) for name in COLUMNS}
    peer["x"], peer["y"] = peer.pop("X_IMAGE") - 1, peer.pop("Y_IMAGE") - 1
    return peer


def nearest(x, y, to_x, to_y, rank=0):
    """Index and distance of the nearest (rank 0) or next nearest (rank 1) of the others."""
    index, distance = numpy.full(len(x), -1), numpy.full(len(x), numpy.inf)
    for k in range(len(x) if len(to_x) > rank else 0):
        away = numpy.hypot(to_x - x[k], to_y - y[k])
        index[k] = numpy.argpartition(away, rank)[rank]
        distance[k] = away[index[k]]
    return index, distance


def why_missed(frame, peer, k, distance):
    """The first of these that holds: a remark, not an excuse."""
    fwhm = float(frame.facts["fwhm_px"])
    height, width = frame.mask.shape
    x, y, reach = int(round(peer["x"][k])), int(round(peer["y"][k])), max(1, int(round(fwhm)))
    if min(x, y, width - 1 - x, height - 1 - y) < fwhm:
        return "at the edge"
    near = frame.mask[y - min(reach, y):y + reach + 1, x - min(reach, x):x + reach + 1]
    bits = int(numpy.bitwise_or.reduce(near, axis=None))
    if bits & UNUSABLE:
        return "masked: " + " ".join(n for b, n in enumerate(MASK_NAMES) if (bits & UNUSABLE) >> b & 1)
    if peer["FWHM_IMAGE"][k] < 0.7 * fwhm:
        return "sharper than a star"
    if distance < max(fwhm, MATCH_PX):
        return "within 1 FWHM of one of ours"
    if distance < 2 * peer["FWHM_IMAGE"][k]:
        return "within its own 2 FWHM of one of ours"
    if int(peer["FLAGS"][k]) & 3:
        return "blended there"
    if peer["FWHM_IMAGE"][k] > 1.5 * fwhm:
        return "extended, alone"
    return "a star, alone"


def differences(frame, peer, index, distance):
    """Of isolated unflagged stars, ours minus theirs: magnitudes in the same aperture, and what of that the local
    background explains [mag]."""
    ours, radius = frame.sources, float(frame.facts["aperture_radius_px"])
    _, next_ours = nearest(peer["x"], peer["y"], ours["x"], ours["y"], 1)
    _, next_peer = nearest(peer["x"], peer["y"], peer["x"], peer["y"], 1)
    row = ours[numpy.maximum(index, 0)]
    good = (distance < 1) & (peer["FLAGS"] == 0) & (row["flags"] == 0) & (row["star_statistic"] > 0.5)
    good &= numpy.minimum(next_ours, next_peer) > 2 * radius
    good &= (peer["FLUX_APER"] > PHOTOMETRY_SNR * peer["FLUXERR_APER"]) & (row["flux_aper"] > 0)
    flux = peer["FLUX_APER"][good]
    sky = (peer["BACKGROUND"] - row["background"])[good] * numpy.pi * radius**2
    return zip(-2.5 * numpy.log10(row["flux_aper"][good] / flux), -1.0857 * sky / flux)


def remark_on_noise(name, frames):
    """Is the variance that of the pixels? Frames whose sky was taken away before, or resampled ones, break its model."""
    ratio, hit = [], []
    for frame in frames:
        middle = float(numpy.nanmedian(frame.variance))
        ratio.append(float(frame.facts.get("sky_rms_e", "nan")) / middle**0.5 if middle > 0 else float("nan"))
        hit.append(float(((frame.mask & 16) != 0).mean()))
    print(f"{name}: rms of the sky over the root of the median variance {numpy.median(ratio):.2f} (1: the noise model holds); "
          f"{100 * numpy.median(hit):.3f} % of pixels masked as cosmic rays")


def compare(name, frames, folder):
    found, total, reasons, delta, ours, theirs = [0, 0], [0, 0], collections.Counter(), [], 0, 0
    examples, caveats, seeing = [], collections.Counter(), []
    for frame in frames:
        peer = extract(frame, folder)
        index, distance = nearest(peer["x"], peer["y"], frame.sources["x"], frame.sources["y"])
        bright = peer["FLUX_AUTO"] > BRIGHT_SNR * peer["FLUXERR_AUTO"]
        clean = bright & (peer["FLAGS"] == 0)
        seeing.append((float(frame.facts["fwhm_px"]), numpy.median(peer["FWHM_IMAGE"][clean]) if clean.any() else numpy.nan))
        for which, chosen in enumerate((bright, clean)):
            total[which] += int(chosen.sum())
            found[which] += int((chosen & (distance <= MATCH_PX)).sum())
        for k in numpy.flatnonzero(bright & (distance > MATCH_PX)):
            reason = why_missed(frame, peer, k, distance[k])
            reasons[reason] += 1
            if reason.endswith("alone"):
                snr = peer["FLUX_AUTO"][k] / peer["FLUXERR_AUTO"][k]
                examples.append(f"{frame.name} x {peer['x'][k]:.1f} y {peer['y'][k]:.1f} S/N {snr:.0f} FWHM {peer['FWHM_IMAGE'][k]:.1f} px")
        delta.extend(differences(frame, peer, index, distance) if len(frame.sources) else [])
        ours, theirs = ours + len(frame.sources), theirs + len(peer["x"])
        caveats.update(key[7:] for key in frame.facts if key.startswith("caveat_"))
    for which, kind in enumerate(("all", "FLAGS 0")):
        if total[which]:
            share = found[which] / total[which]
            print(f"{name}: Source Extractor's with AUTO S/N > 10 found within 2 px, {kind} | {100 * share:.2f} % | "
                  f"{found[which]} of {total[which]} | {share:.4f} | >= 98 %")
    if len(delta) >= 3:
        (middle, from_sky), magnitudes = numpy.median(delta, axis=0), numpy.array(delta)[:, 0]
        scatter = 1.4826 * numpy.median(numpy.abs(magnitudes - middle))
        print(f"{name}: median aperture magnitude minus Source Extractor's, isolated stars | {middle:+.4f} mag | "
              f"{len(delta)} stars, scatter {scatter:.4f} | - | below 0.01")
        print(f"{name}: the difference of the local backgrounds makes {from_sky:+.4f} mag of it")
    else:
        print(f"{name}: {len(delta)} isolated unflagged stars with S/N > 20: too few to compare magnitudes")
    about = ", ".join(f"{caveat} ({n})" for caveat, n in sorted(caveats.items()) if not caveat.startswith("no_"))
    print(f"{name}: {len(frames)} frames, {ours} sources here, {theirs} there; caveats of the catalogs: {about or 'none'}")
    remark_on_noise(name, frames)
    here, there = numpy.nanmedian(seeing, axis=0)
    print(f"{name}: seeing here {here:.2f} px; median FWHM of Source Extractor's, AUTO S/N > 10, FLAGS 0: {there:.2f} px")
    if reasons:
        print(f"{name}: missed: " + "; ".join(f"{n} {why}" for why, n in reasons.most_common()))
    if examples:
        print(f"{name}: missed alone, for example: " + "; ".join(examples[:4]))


def main():
    warnings.simplefilter("ignore")
    if shutil.which("source-extractor") is None:
        sys.exit("skipped: no source-extractor (apt-get install source-extractor)")
    program = pathlib.Path(sys.argv[1]).resolve() / "polis"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name, patterns in SETS.items():
        files = sorted(path for pattern in patterns for path in DATA.glob(pattern))
        if not files:
            print(f"skipped: no real data {name}")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            frames = list(make_frames(program, files, folder))
            if not frames:
                print(f"{name}: no catalog was made of {len(files)} files")
                continue
            compare(name, frames, folder)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
