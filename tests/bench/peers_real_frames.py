#!/usr/bin/env python3
"""Sources and aperture photometry against Source Extractor on the same calibrated pixels of real frames.

usage: peers_real_frames.py BUILD      (real data: ../shared/data beside the repository, or POLIS_REAL_DATA_DIR)

S/N of Source Extractor is FLUX_AUTO / FLUXERR_AUTO, which takes the noise of pixels as independent. It runs with its own
defaults for detection (1.5 sigma, 5 pixels, 3x3 filter, mesh of 64 px); pixels without a value and defects of the detector
that calibration frames show have weight 0. One of its detections is found where one of ours lies within 2 px, or half the
seeing if that is more, of its centre or of its brightest pixel: of a blend that is resolved here the centre lies between the
stars. Magnitudes are compared in the same aperture, where no other source has more than 1 % of a star's light within twice its
radius; where the local skies differ, the clipped mean of an annulus (1.5 to 4 radii) says which of the two is nearer.
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
    "umd-st8": ["umd-st8/*/science/UB17-001-c.fit", "umd-st8/*/calibration/*.fit"],
    # 'Hit tree', says the observer's log: the stars jumped during the exposure.
    "umd-st8, a spoilt frame": ["umd-st8/*/science/UB17-033-c.fit", "umd-st8/*/calibration/*.fit"],
}
MATCH_PX = 2.0
BRIGHT_SNR = 10.0
PHOTOMETRY_SNR = 20.0
MASK_NAMES = ("bad", "saturated", "bleed", "hot", "cosmic_ray", "trail", "edge", "interpolated", "no_data", "suspect")
# Bits of kernels/mask_bits.h: what it calls unusable; defects of the detector; what is in the sky or came from there.
UNUSABLE, DEFECTS, HITS_AND_TRAILS = 1 | 2 | 4 | 8 | 16 | 32 | 256, 1 | 8 | 256, 16 | 32
COLUMNS = "X_IMAGE Y_IMAGE XPEAK_IMAGE YPEAK_IMAGE FLUX_AUTO FLUXERR_AUTO FLUX_APER FLUXERR_APER FLAGS FWHM_IMAGE BACKGROUND".split()
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
    valid = numpy.isfinite(frame.pixels) & (frame.mask & DEFECTS == 0)
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
    for here, there in (("x", "X_IMAGE"), ("y", "Y_IMAGE"), ("peak_x", "XPEAK_IMAGE"), ("peak_y", "YPEAK_IMAGE")):
        peer[here] = peer.pop(there) - 1
    return peer


def nearest(x, y, to_x, to_y):
    """Index and distance of the nearest of the others."""
    index, distance = numpy.full(len(x), -1), numpy.full(len(x), numpy.inf)
    for k in range(len(x) if len(to_x) else 0):
        away = numpy.hypot(to_x - x[k], to_y - y[k])
        index[k] = numpy.argmin(away)
        distance[k] = away[index[k]]
    return index, distance


def match_distance(frame):
    return max(MATCH_PX, 0.5 * float(frame.facts["fwhm_px"]))


def bits_at(frame, peer, k):
    """Mask bits where the detection k has its centre and its brightest pixel, and beside them."""
    bits = 0
    for x, y in ((peer["x"][k], peer["y"][k]), (peer["peak_x"][k], peer["peak_y"][k])):
        x, y = max(1, int(round(x))), max(1, int(round(y)))
        bits |= int(numpy.bitwise_or.reduce(frame.mask[y - 1:y + 2, x - 1:x + 2], axis=None))
    return bits


def why_missed(frame, peer, k, distance):
    """The first of these that holds: a remark, not an excuse."""
    fwhm = float(frame.facts["fwhm_px"])
    height, width = frame.mask.shape
    x, y = peer["x"][k], peer["y"][k]
    bits = bits_at(frame, peer, k) & UNUSABLE
    if bits:
        return "masked: " + " ".join(n for b, n in enumerate(MASK_NAMES) if bits >> b & 1)
    if min(x, y, width - 1 - x, height - 1 - y) < fwhm:
        return "at the edge"
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


def is_isolated(x, y, flux, radius, tables):
    """No other source of the (x, y, flux) tables has 1 % of the flux within two radii; the star itself is within 1 px."""
    for other_x, other_y, other_flux in tables:
        away = numpy.hypot(other_x - x, other_y - y)
        if ((away < 2 * radius) & (away > 1) & (other_flux > 0.01 * flux)).any():
            return False
    return True


def annulus_mean(frame, x, y, radius):
    """Clipped mean of the usable pixels from 1.5 to 4 radii about a place."""
    reach = int(4 * radius) + 1
    x0, y0 = max(0, int(x) - reach), max(0, int(y) - reach)
    cut = numpy.s_[y0:int(y) + reach + 1, x0:int(x) + reach + 1]
    values = frame.pixels[cut].astype("f8")
    j, i = numpy.ogrid[:values.shape[0], :values.shape[1]]
    away = numpy.hypot(i + x0 - x, j + y0 - y)
    values = values[(away > 1.5 * radius) & (away < 4 * radius) & (frame.mask[cut] & UNUSABLE == 0) & numpy.isfinite(values)]
    for _ in range(8):
        middle = numpy.median(values)
        values = values[numpy.abs(values - middle) < 2.5 * 1.4826 * numpy.median(numpy.abs(values - middle)) + 1e-9]
    return values.mean() if len(values) else numpy.nan


def differences(frame, peer):
    """Of isolated unflagged stars: ours minus theirs in the same aperture, what of that the local skies make [mag], and the
    error of either sky against an annulus [electron per pixel]."""
    ours, radius = frame.sources, float(frame.facts["aperture_radius_px"])
    index, distance = nearest(peer["x"], peer["y"], ours["x"], ours["y"])
    row = ours[numpy.maximum(index, 0)]
    # Incomplete apertures (bit 16) are filled by either program.
    good = (distance < 1) & (peer["FLAGS"] == 0) & (row["flags"] & ~16 == 0) & (row["star_statistic"] > 0.5)
    good &= (peer["FLUX_APER"] > PHOTOMETRY_SNR * peer["FLUXERR_APER"]) & (row["flux_aper"] > 0)
    tables = ((ours["x"], ours["y"], ours["flux_psf"]), (peer["x"], peer["y"], peer["FLUX_AUTO"]))
    for k in numpy.flatnonzero(good):
        flux, x, y = peer["FLUX_APER"][k], peer["x"][k], peer["y"][k]
        if not is_isolated(x, y, flux, radius, tables):
            continue
        here, there, annulus = row["background"][k], peer["BACKGROUND"][k], annulus_mean(frame, x, y, radius)
        sky = -1.0857 * (there - here) * numpy.pi * radius**2 / flux
        yield -2.5 * numpy.log10(row["flux_aper"][k] / flux), sky, here - annulus, there - annulus


def remark_on_noise(name, frames):
    """Is the variance that of the pixels? Frames whose sky was taken away before, or resampled ones, break its model."""
    ratio, hit = [], []
    for frame in frames:
        middle = float(numpy.nanmedian(frame.variance))
        ratio.append(float(frame.facts.get("sky_rms_e", "nan")) / middle**0.5 if middle > 0 else float("nan"))
        hit.append(float(((frame.mask & 16) != 0).mean()))
    print(f"{name}: rms of the sky over the root of the median variance {numpy.median(ratio):.2f} (1: the noise model holds); "
          f"{100 * numpy.median(hit):.3f} % of pixels masked as cosmic rays")


class Score:
    """What of the peer's bright detections was found, over the frames of a set."""

    KINDS = ("all", "FLAGS 0", "all, without those on pixels masked as hit or trail",
             "FLAGS 0, without those on pixels masked as hit or trail")

    def __init__(self):
        self.found, self.total = collections.Counter(), collections.Counter()
        self.reasons, self.examples = collections.Counter(), []

    def add(self, frame, peer):
        ours = frame.sources
        _, to_centre = nearest(peer["x"], peer["y"], ours["x"], ours["y"])
        _, to_peak = nearest(peer["peak_x"], peer["peak_y"], ours["x"], ours["y"])
        distance = numpy.minimum(to_centre, to_peak)
        bright = peer["FLUX_AUTO"] > BRIGHT_SNR * peer["FLUXERR_AUTO"]
        spoilt = numpy.array([bits_at(frame, peer, k) & HITS_AND_TRAILS != 0 for k in range(len(bright))], bool)
        clean = bright & (peer["FLAGS"] == 0)
        chosen = (bright, clean, bright & ~spoilt, clean & ~spoilt)
        for kind, which in zip(self.KINDS, chosen):
            self.total[kind] += int(which.sum())
            self.found[kind] += int((which & (distance <= match_distance(frame))).sum())
        for k in numpy.flatnonzero(bright & (distance > match_distance(frame))):
            reason = why_missed(frame, peer, k, distance[k])
            self.reasons[reason] += 1
            if reason.endswith("alone"):
                snr = peer["FLUX_AUTO"][k] / peer["FLUXERR_AUTO"][k]
                self.examples.append(f"{frame.name} x {peer['x'][k]:.1f} y {peer['y'][k]:.1f} S/N {snr:.0f} FWHM {peer['FWHM_IMAGE'][k]:.1f} px")

    def report(self, name):
        for kind in self.KINDS:
            if self.total[kind]:
                share = self.found[kind] / self.total[kind]
                print(f"{name}: Source Extractor's with AUTO S/N > 10 found, {kind} | {100 * share:.2f} % | "
                      f"{self.found[kind]} of {self.total[kind]} | {share:.4f} | >= 98 %")


def report_magnitudes(name, delta):
    if len(delta) < 3:
        print(f"{name}: {len(delta)} isolated unflagged stars with S/N > 20: too few to compare magnitudes")
        return
    for what, values in (("", delta[:, 0]), (", the local sky taken alike", delta[:, 0] - delta[:, 1])):
        middle = numpy.median(values)
        scatter = 1.4826 * numpy.median(numpy.abs(values - middle))
        print(f"{name}: median aperture magnitude minus Source Extractor's, isolated stars{what} | {middle:+.4f} mag | "
              f"{len(delta)} stars, scatter {scatter:.4f} | - | below 0.01")
    ours, theirs = numpy.nanmean(delta[:, 2]), numpy.nanmean(delta[:, 3])
    print(f"{name}: mean of the local sky minus an annulus's: here {ours:+.2f}, there {theirs:+.2f} electron per pixel")


def compare(name, frames, folder):
    score, delta, ours, theirs = Score(), [], 0, 0
    caveats, seeing = collections.Counter(), []
    for frame in frames:
        peer = extract(frame, folder)
        score.add(frame, peer)
        clean = (peer["FLUX_AUTO"] > BRIGHT_SNR * peer["FLUXERR_AUTO"]) & (peer["FLAGS"] == 0)
        seeing.append((float(frame.facts["fwhm_px"]), numpy.median(peer["FWHM_IMAGE"][clean]) if clean.any() else numpy.nan))
        delta.extend(differences(frame, peer) if len(frame.sources) else [])
        ours, theirs = ours + len(frame.sources), theirs + len(peer["x"])
        caveats.update(key[7:] for key in frame.facts if key.startswith("caveat_"))
    score.report(name)
    report_magnitudes(name, numpy.array(delta))
    about = ", ".join(f"{caveat} ({n})" for caveat, n in sorted(caveats.items()) if not caveat.startswith("no_"))
    print(f"{name}: {len(frames)} frames, {ours} sources here, {theirs} there; caveats of the catalogs: {about or 'none'}")
    remark_on_noise(name, frames)
    here, there = numpy.nanmedian(seeing, axis=0)
    print(f"{name}: seeing here {here:.2f} px; median FWHM of Source Extractor's, AUTO S/N > 10, FLAGS 0: {there:.2f} px")
    if score.reasons:
        print(f"{name}: missed: " + "; ".join(f"{n} {why}" for why, n in score.reasons.most_common()))
    if score.examples:
        print(f"{name}: missed alone, for example: " + "; ".join(score.examples[:4]))


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
