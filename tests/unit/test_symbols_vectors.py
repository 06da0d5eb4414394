"""Our modules are the modules another encoder, zint, draws for the same payload and size."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from rendering.symbols import DATAMATRIX_SIZES, code128, datamatrix, qr

# zint numbers the sizes 1..24 for squares, 25..30 for rectangles; sizes above 104 are outside our table.
ZINT_VERSION = {size: at for at, size in enumerate([size for size in DATAMATRIX_SIZES if size[0] == size[1]], 1)} | {
    (8, 18): 25, (8, 32): 26, (12, 26): 27, (12, 36): 28, (16, 36): 29, (16, 48): 30,
}  # fmt: skip


def zint(*arguments: str, columns: int) -> NDArray[np.uint8]:
    dump = subprocess.run(["zint", *arguments, "--dump"], capture_output=True, text=True, check=True).stdout
    rows = ["".join(line.split()) for line in dump.splitlines() if line.strip()]
    bits = [bin(int("1" + row, 16))[3:] for row in rows]
    return np.array([[int(bit) for bit in row[:columns]] for row in bits], dtype=np.uint8)


@pytest.mark.parametrize("size", DATAMATRIX_SIZES)
def test_data_matrix_has_the_modules_of_zint_in_every_size(size: tuple[int, int]) -> None:
    digits = "".join(str((3 * at + at // 7) % 10) for at in range(2 * DATAMATRIX_SIZES[size].data - 3))
    theirs = zint("-b", "71", f"--vers={ZINT_VERSION[size]}", "-d", digits, columns=size[1])
    assert (datamatrix(digits, size) == theirs).all()


@pytest.mark.parametrize("payload", ["XA123456785CN", "1064123456789", "B000042-J03", "AB12", "T-000042-0007"])
def test_code_128_is_never_longer_than_zint(payload: str) -> None:
    dump = subprocess.run(["zint", "-b", "20", "-d", payload, "--dump"], capture_output=True, text=True, check=True)
    bits = bin(int("1" + "".join(dump.stdout.split()), 16))[3:].rstrip("0")
    assert len(code128(payload)) <= len(bits)


def test_qr_has_the_side_its_version_prescribes() -> None:
    assert [qr("1" * 10, version=version).shape[0] for version in range(1, 11)] == list(range(21, 61, 4))
