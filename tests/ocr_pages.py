"""Page pictures drawn by the tests, with the places of their words: all invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LINES = (
    "Patient: DOUCET, MARIE   DOB: 03/14/1961   MRN: 4471920",
    "Pain was 8/10 before the trial and 3/10 during it.",
    "Morphine equivalent dose fell from 180 mg to 60 mg a day.",
    "No signs of infection; INR 1.1 and platelets 214 on 02/16/2026.",
    "The patient tolerated physical therapy for 12 weeks without relief.",
)
SCALE = 200 / 72


def font(points: float) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(round(points * SCALE))  # type: ignore[return-value]


def page(lines: tuple[str, ...] = LINES, boxes: tuple[str, ...] = ()) -> Image.Image:
    """A letter page at 200 dpi with lines of 11-point print and, under them, tick boxes: "x", "v" or " "."""
    image = Image.new("L", (1700, 2200), 255)
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        draw.text((200, 200 + 50 * i), line, font=font(11), fill=0)
    for i, mark in enumerate(boxes):
        x, y = 200, 700 + 60 * i
        draw.rectangle((x, y, x + 28, y + 28), outline=0, width=2)
        if mark == "x":
            draw.line((x + 4, y + 4, x + 24, y + 24), fill=0, width=3)
            draw.line((x + 24, y + 4, x + 4, y + 24), fill=0, width=3)
        if mark == "v":
            draw.line((x + 6, y + 14, x + 13, y + 23, x + 34, y - 8), fill=0, width=3)
        draw.text((x + 45, y - 2), f"Answer number {i + 1}", font=font(11), fill=0)
    return image


def table() -> Image.Image:
    """A page with a ruled table of three columns and four rows."""
    image = page(("Pain diary",))
    draw = ImageDraw.Draw(image)
    rows = (("Date", "Score", "Note"), ("05/01", "8", "baseline"), ("05/02", "7", "rest"), ("05/03", "3", "better"))
    for r in range(len(rows) + 1):
        draw.line((200, 400 + 50 * r, 1400, 400 + 50 * r), fill=0, width=2)
    for c in range(4):
        draw.line((200 + 400 * c, 400, 200 + 400 * c, 600), fill=0, width=2)
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            draw.text((215 + 400 * c, 406 + 50 * r), cell, font=font(10), fill=0)
    return image


def faxed(image: Image.Image, seed: int = 7, degrees: float = 0.9) -> Image.Image:
    """Skewed, specked, streaked, one bit."""
    rng = np.random.default_rng(seed)
    grey = np.asarray(image.rotate(degrees, fillcolor=255, resample=Image.Resampling.BICUBIC), dtype=np.float32)
    dark = grey + rng.normal(0, 20, grey.shape) < 150
    dark |= rng.random(dark.shape) < 0.0009
    dark[:, 1200] |= rng.random(len(dark)) < 0.5
    return Image.fromarray(np.where(dark, 0, 255).astype(np.uint8)).convert("1")


def save_pdf(image: Image.Image, path: Path) -> Path:
    image.save(path, resolution=200)
    return path
