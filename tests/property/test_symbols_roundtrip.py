"""Whatever is encoded is read back from pixels by a foreign reader, and the compiled twins draw what their specification draws."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rendering.symbols import DATAMATRIX_SIZES, OmrTrack, SymbolError, code128, datamatrix, omr, qr
from rendering.symbols.kernels import MARK_DIGITS, MARK_WORDS, code128_kernel, datamatrix_digits_kernel

ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
DIGITS = st.text("0123456789", min_size=MARK_DIGITS, max_size=MARK_DIGITS)


def read(modules: NDArray[np.uint8], scale: int = 5) -> list[bytes]:
    """Payloads a reader finds in a picture of the symbol with a quiet zone of ten modules."""
    grid = np.repeat(modules[None, :], 30, axis=0) if modules.ndim == 1 else modules
    picture = np.kron(255 * (1 - grid), np.ones((scale, scale), dtype=np.uint8)).astype(np.uint8)
    framed = np.pad(picture, 10 * scale, constant_values=255)
    return [code.bytes for code in zxingcpp.read_barcodes(framed)]


@given(ASCII)
@settings(max_examples=120, deadline=None)
def test_code_128_reads_back(payload: str) -> None:
    assert read(code128(payload), scale=2) == [payload.encode()]


@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_code_128_of_any_ascii_has_the_modules_its_codewords_promise(payload: str) -> None:
    modules = code128(payload)
    assert (len(modules) - 13) % 11 == 0
    assert modules[0] == 1
    assert modules[-1] == 1


@given(ASCII)
@settings(max_examples=120, deadline=None)
def test_the_code_128_kernel_is_as_short_as_the_shortest_and_reads_back(payload: str) -> None:
    out = np.zeros(2000, dtype=np.uint8)
    length = code128_kernel(np.frombuffer(payload.encode(), dtype=np.uint8), out)
    assert length == len(code128(payload))
    assert read(out[:length].copy(), scale=2) == [payload.encode()]


@given(st.text("ABX0123456789", min_size=1, max_size=24))
@settings(max_examples=300, deadline=None)
def test_the_code_128_kernel_never_wastes_a_codeword_on_item_numbers(payload: str) -> None:
    out = np.zeros(2000, dtype=np.uint8)
    assert code128_kernel(np.frombuffer(payload.encode(), dtype=np.uint8), out) == len(code128(payload))


@given(st.binary(min_size=1, max_size=40))
@settings(max_examples=120, deadline=None)
def test_data_matrix_reads_back_any_bytes(payload: bytes) -> None:
    assert read(datamatrix(payload)) == [payload]


@given(DIGITS)
@settings(max_examples=200, deadline=None)
def test_the_mark_kernel_draws_what_the_specification_draws(digits: str) -> None:
    out = np.full((18, 18), 7, dtype=np.uint8)
    datamatrix_digits_kernel(np.frombuffer(digits.encode(), dtype=np.uint8) - 48, np.zeros(MARK_WORDS, np.uint8), out)
    assert (out == datamatrix(digits, 18)).all()


@given(DIGITS)
@settings(max_examples=40, deadline=None)
def test_a_mark_fills_its_symbol_and_reads_back(digits: str) -> None:
    assert read(datamatrix(digits)) == [digits.encode()]
    assert datamatrix(digits).shape == (18, 18)
    assert read(qr(digits, version=2)) == [digits.encode()]


@given(ASCII, st.sampled_from("LMQH"))
@settings(max_examples=40, deadline=None)
def test_qr_reads_back(payload: str, level: str) -> None:
    assert read(qr(payload, level=level)) == [payload.encode()]


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.sampled_from(["even", "odd"]))
def test_an_omr_track_always_has_a_start_mark_and_the_parity_it_promises(bits: list[bool], parity: str) -> None:
    marks = omr(bits, OmrTrack(positions=5, parity=parity))
    assert marks[0] == 1
    assert int(marks.sum()) % 2 == (parity == "odd")
    assert [bool(mark) for mark in marks[1:4]] == bits


@pytest.mark.parametrize("size", DATAMATRIX_SIZES)
def test_every_size_reads_back_full(size: tuple[int, int]) -> None:
    digits = "".join(str((7 * at + at // 11) % 10) for at in range(2 * DATAMATRIX_SIZES[size].data))
    assert read(datamatrix(digits, size), scale=4) == [digits.encode()]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: code128(""), "empty"),
        (lambda: code128("abc律"), "position 4"),
        (lambda: datamatrix(""), "empty"),
        (lambda: datamatrix("律"), "position 1"),
        (lambda: datamatrix("1" * 37, 18), "holds 18 codewords"),
        (lambda: datamatrix("1", 19), "no size 19x19"),
        (lambda: datamatrix("1" * 5000), "do not fit"),
        (lambda: qr("1" * 100, version=1), "QR"),
        (lambda: omr([True], OmrTrack(positions=5)), "5 positions"),
        (lambda: OmrTrack(positions=0), "positions 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(call: object, words: str) -> None:
    with pytest.raises(SymbolError, match=words):
        call()  # type: ignore[operator]


def test_the_code_128_kernel_refuses_what_it_cannot_hold() -> None:
    assert code128_kernel(np.frombuffer("é".encode(), dtype=np.uint8), np.zeros(500, dtype=np.uint8)) == 0
    assert code128_kernel(np.frombuffer(b"ABC", dtype=np.uint8), np.zeros(20, dtype=np.uint8)) == 0
