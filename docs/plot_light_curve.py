#!/usr/bin/python3
"""Plots one star of a light-curve product with the transit that its description found.

usage: plot_light_curve.py LIGHT_CURVES.h5 DESCRIPTIONS.h5 NAME_OR_ID OUT.png

Prints the figures that docs/hatp32.md quotes.
"""
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def hidden(z, k, u1, u2):
    """Light that a disc of radius k at separation z hides from a limb-darkened star of radius 1."""
    r = (np.arange(4000) + 0.5) / 4000
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (r**2 + z**2 - k**2) / (2 * r * z)
    half = np.where(r + z <= k, np.pi, np.arccos(np.clip(np.nan_to_num(cosine, nan=1.0), -1, 1)))
    dark = 1 - np.sqrt(1 - r**2)
    light = 1 - u1 * dark - u2 * dark**2
    return np.sum(2 * r * half * light) / 4000 / (np.pi * (1 - u1 / 3 - u2 / 6))


def model(time, row, u1=0.4, u2=0.25):
    dt = time - row["transit_mid_time"]
    z = np.hypot(row["transit_impact"], row["transit_speed"] * dt)
    shape = np.array([1 - hidden(s, row["radius_ratio"], u1, u2) if s < 1 + row["radius_ratio"] else 1.0 for s in z])
    return row["transit_level"] * (1 + row["transit_slope"] * dt) * shape


def main():
    curves_file, descriptions_file, wanted, out = sys.argv[1:5]
    with h5py.File(curves_file) as f:
        stars, points = f["stars"][:], f["points"][:]
    with h5py.File(descriptions_file) as f:
        descriptions = f["descriptions"][:]
    ids = [s["id"] for s in stars if wanted in (s["name"].decode(), str(s["id"]))]
    if not ids:
        sys.exit(f"no star {wanted} in {curves_file}")
    star = stars[stars["id"] == ids[0]][0]
    row = descriptions[descriptions["star"] == ids[0]][0]
    p = points[(points["star"] == ids[0]) & (points["flags"] == 0)]
    flux = p["flux"] / star["median_flux"]
    fit = model(p["time"], row)
    residual = flux / fit - 1
    out_of_transit = np.abs(p["time"] - row["transit_mid_time"]) > row["transit_duration"] / 2
    print(f"points {len(p)}, aperture {star['aperture_px']:.2f} px")
    print(f"radius ratio squared {100 * row['radius_ratio']**2:.3f} +- "
          f"{200 * row['radius_ratio'] * row['radius_ratio_err']:.3f} %")
    print(f"mid-time {row['transit_mid_time']:.5f} +- {row['transit_mid_time_err'] / 86400:.5f}")
    print(f"scatter out of transit {100 * np.std(residual[out_of_transit]):.3f} % "
          f"({np.sum(out_of_transit)} points), of all residuals {100 * np.std(residual):.3f} %")

    hours = (p["time"] - row["transit_mid_time"]) * 24
    grid = np.linspace(p["time"].min(), p["time"].max(), 400)
    base = 1 + row["transit_slope"] * (p["time"] - row["transit_mid_time"])
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, height_ratios=[3, 1])
    top.errorbar(hours, flux / row["transit_level"] / base, p["flux_err"] / star["median_flux"], fmt=".", color="0.45",
                 elinewidth=0.7)
    grid_base = row["transit_level"] * (1 + row["transit_slope"] * (grid - row["transit_mid_time"]))
    top.plot((grid - row["transit_mid_time"]) * 24, model(grid, row) / grid_base, color="C3")
    top.set_ylabel("relative flux")
    top.set_title(f"{wanted}: one night, 6-inch telescope")
    bottom.plot(hours, 100 * residual, ".", color="0.45")
    bottom.axhline(0, color="C3")
    bottom.set_ylabel("residual [%]")
    bottom.set_xlabel("hours from mid-transit")
    figure.tight_layout()
    figure.savefig(out, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
