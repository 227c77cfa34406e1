"""Images of sources: local files only, and nothing that a file could do but be an image."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is read; other formats of Pillow start programs (EPS) or are seldom met, so that their readers are seldom tested."""

MOST_BYTES = 200_000_000
MOST_PIXELS = 89_478_485
"""Above it Pillow warns of a decompression bomb."""
MOST_STRETCH = 100
"""The long side over the short one: the short side is scaled to what the model sees, and the long one with it."""

_EIGHT_BITS = frozenset({"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"})

MISSING = "found no image file where the source says"
OUTSIDE = "refused sources that lead out of the folder of images"
BROKEN = f"could not read the image (one of {', '.join(FORMATS)}, 8 bits a colour, whole)"
TOO_LARGE = f"refused an image of more than {MOST_PIXELS:,} pixels or {MOST_BYTES:,} bytes, or {MOST_STRETCH} times longer than wide"

REASONS = (MISSING, OUTSIDE, BROKEN, TOO_LARGE)


class UnreadableImageError(Exception):
    """The image of a source cannot be had; the message is one of the reasons above."""


def image_file(source: str | None, folder: Path | None) -> Path:
    """The file that a source names.

    Args:
        source: a path; relative ones start in `folder`, or in the working directory.
        folder: where images are, and what no source may lead out of.

    Raises:
        UnreadableImageError: there is none, or it is elsewhere.
    """
    if not source:
        raise UnreadableImageError(MISSING)
    try:
        path = ((folder or Path()) / source).resolve()
        if folder is not None and not path.is_relative_to(folder.resolve()):
            raise UnreadableImageError(OUTSIDE)
        # Not a folder, and not a pipe, which would be waited for.
        if not path.is_file():
            raise UnreadableImageError(MISSING)
    except (OSError, ValueError) as error:
        raise UnreadableImageError(MISSING) from error
    return path


def read_image(path: Path) -> Image:
    """The image in a file, as RGB: of several the first, on white where it is transparent, turned as it is stored.

    Raises:
        UnreadableImageError: it is none that can be read, or too large to be.
    """
    from PIL import Image

    if path.stat().st_size > MOST_BYTES:
        raise UnreadableImageError(TOO_LARGE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                why = _fault(image)
                found = None if why else _flat(image)
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(TOO_LARGE) from error
    except Exception as error:
        # Whatever a broken file makes of its reader.
        raise UnreadableImageError(BROKEN) from error
    if found is None:
        raise UnreadableImageError(why)
    return found


def _flat(image: Image) -> Image:
    from PIL import Image as Images

    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    # As it is seen; what colour lies behind transparency is up to the program that wrote it.
    white = Images.new("RGBA", image.size, (255, 255, 255, 255))
    return Images.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _fault(image: Image) -> str:
    """Why an opened image is not to be decoded, "" where it is."""
    short, long = sorted(image.size)
    if short * long > MOST_PIXELS or long > MOST_STRETCH * short:
        return TOO_LARGE
    # Of more than eight bits, all that is brighter than 255 of 65,535 would become white.
    return "" if image.mode in _EIGHT_BITS else BROKEN
