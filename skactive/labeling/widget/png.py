"""Arrays as PNG files, written with the standard library."""

import struct
import zlib

import numpy as np

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # of PNG: grey, RGB, RGBA


def to_bytes(image, low, high):
    """
    Put values into bytes.

    Parameters
    ----------
    image : ndarray
        Numbers or bools.
    low, high : float
        What becomes 0 and 255; what lies outside is cut off.

    Returns
    -------
    ndarray of uint8
        Of the same shape. Where low equals high, zeros; NaN is shown as 0.
    """
    if image.dtype == np.uint8 and (low, high) == (0, 255):
        return image
    width = (high - low) or 1.0
    scaled = np.clip((image.astype(np.float64) - low) / width, 0, 1)
    return np.rint(255 * np.nan_to_num(scaled)).astype(np.uint8)


def encode_png(pixels):
    """
    Write an image as PNG.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, channels), dtype uint8
        One channel (grey), three (RGB) or four (RGBA).

    Returns
    -------
    bytes
        The file.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)  # 0: no filter
    rows[:, 1:] = pixels.reshape(height, -1)
    parts = (
        (b"IHDR", header),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind, data):
    checked = kind + data
    return (
        struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
    )
