"""Reed-Solomon check words over GF(256) with the polynomial of Data Matrix, 0x12D (ISO/IEC 16022 annex E)."""

from __future__ import annotations

from functools import cache

POLYNOMIAL = 0x12D


def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    powers, logs, value = [0] * 512, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value <<= 1
        if value & 256:
            value ^= POLYNOMIAL
    return tuple(powers), tuple(logs)


POWERS, LOGS = _tables()


@cache
def generator(degree: int) -> tuple[int, ...]:
    """Coefficients of (x - a)(x - a^2)...(x - a^degree) below the leading one, highest power first."""
    coefficients = [1]
    for root in range(1, degree + 1):
        shifted = [*coefficients, 0]
        for at, value in enumerate(coefficients):
            if value:
                shifted[at + 1] ^= POWERS[LOGS[value] + root]
        coefficients = shifted
    return tuple(coefficients[1:])


def check_words(data: list[int], degree: int) -> list[int]:
    """The `degree` check words of one block: the remainder of data * x^degree by the generator."""
    factors = generator(degree)
    remainder = [0] * degree
    for word in data:
        lead = word ^ remainder[0]
        remainder = [*remainder[1:], 0]
        if lead:
            for at, factor in enumerate(factors):
                if factor:
                    remainder[at] ^= POWERS[LOGS[lead] + LOGS[factor]]
    return remainder


def interleaved_check(data: list[int], check: int, blocks: int) -> list[int]:
    """Check words of all blocks, interleaved word by word as the data is."""
    rows = [check_words(data[block::blocks], check // blocks) for block in range(blocks)]
    return [rows[at % blocks][at // blocks] for at in range(check)]
