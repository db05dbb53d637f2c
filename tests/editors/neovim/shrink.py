#!/usr/bin/env python3
"""Copies screenshots into the documentation, half as wide and with as few colours as they need.

usage: shrink.py SHOTS docs/images     for the pictures that docs/gallery.md shows
"""

import os
import sys

from PIL import Image

# Screenshot, name, share of its height that shows something.
WANTED = [
    ("3-status", "status", 1), ("5-readiness", "readiness", 1), ("9-journal", "journal", 1), ("10-conflict", "conflict", 0.32),
    ("13-health", "health", 1), ("14-preview", "preview", 1),
]  # fmt: skip

shots, out = sys.argv[1:3]
for number, name, share in WANTED:
    for theme in ("dark", "light"):
        image = Image.open(os.path.join(shots, f"{number}-{theme}.png"))
        image = image.crop((0, 0, image.width, int(image.height * share)))
        small = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
        path = os.path.join(out, f"neovim-{name}-{theme}.png")
        small.quantize(128, method=Image.Quantize.FASTOCTREE).save(path, optimize=True)
        print(f"{path}  {os.path.getsize(path) // 1024} KiB")
