"""Letters per second, bytes, memory and latency of the renderer, beside reportlab, typst, skia, libharu and the physical floor.

All ratios are taken in one run, rounds interleaved, CPU seconds of the process doing the work (other load on a shared core does
not count). Peers get expanded text and encoded bar codes; ours does all of it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import zlib
from collections import defaultdict
from pathlib import Path

from benchmarks.report import Report, median

HARD_ROWS = 96  # rows of instalments that make a letter of five pages


def run(quick: bool, report: Report) -> None:
    """Everything the renderer promises, in the order a reader asks for it."""
    with tempfile.TemporaryDirectory(prefix="letterline-bench-") as name:
        folder = Path(name)
        report.add("load average before: other work inflates CPU seconds too", os.getloadavg()[0], "processes")
        steady_rate(quick, report, folder)
        hard_letters(quick, report, folder)
        imposition(quick, report, folder)
        latency(quick, report, folder)
        day(quick, report, folder)
        correctness(quick, report, folder)


def steady_rate(quick: bool, report: Report, folder: Path) -> None:
    """Our resident renderer and every peer on the same letters, interleaved; then the floor."""
    from benchmarks import render_ours, render_peers
    from benchmarks.letters import for_peers, letters

    unable = render_peers.set_up()
    peers = [peer for peer in render_peers.ALL if peer.name not in unable]
    for name, reason in unable.items():
        print(f"{name} left out: {reason}")
    share = 5 if quick else 1
    most = max(peer.letters for peer in peers) // share
    source = folder / "letters.json"
    source.write_text(
        json.dumps([for_peers(letter, at) for at, letter in enumerate(letters(most))], ensure_ascii=False), "utf-8"
    )
    work = render_ours.prepare(2000 if quick else 20_000)
    render_ours.render(work, folder)  # kernels loaded, buffers grown
    rates: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, float] = {}
    for _ in range(1 if quick else 5):
        rates["ours"].append(render_ours.letters_per_second(work, folder))
        rates["gathering"].append(render_ours.letters_per_second(work, folder, read_again=True))
        for peer in peers:
            timing = render_peers.time_peer(peer, source, peer.letters // share, folder / "peer.pdf")
            rates[peer.name].append(timing.letters_per_second)
            sizes[peer.name] = timing.bytes_per_letter * (peer.letters // share)
    medians = {name: median(values) for name, values in rates.items()}
    ours, gathering = medians.pop("ours"), medians.pop("gathering")
    promised = {"reportlab canvas": 100, "reportlab platypus": 150, "typst": 200, "skia-pdf": 75, "libharu": 35}
    bounds: dict[str, float] = {name: bound for name, bound in promised.items() if name in medians}
    report.add("2-page letters a second, one core", ours, "letters/s", medians, at_least=20_000, ratio_at_least=bounds)
    report.add("the same, values gathered from Python again", gathering, "letters/s", medians)
    for peer in peers:  # fonts weigh the more the smaller the file: compare at the same number of letters
        count = peer.letters // share
        half = render_peers.time_peer(peer, source, count // 2, folder / "peer.pdf").bytes_per_letter * (count // 2)
        each = (sizes[peer.name] - half) / (count - count // 2)
        sizes[peer.name] = each + (half - each * (count // 2)) / 5000
    made = render_ours.render(work, folder, chunk=5000)
    ours_bytes = render_ours.size(made[:1]) / min(5000, len(work.letters))
    report.add(
        "bytes a letter in a file of 5,000", ours_bytes, "bytes", sizes, ratio_at_most={"reportlab canvas": 0.75}
    )
    _floor(report, ours, made[0], min(5000, len(work.letters)))


def _floor(report: Report, ours: float, path: Path, count: int) -> None:
    """What compressing and copying the same page descriptions costs with nothing else done."""
    import isal.isal_zlib

    from benchmarks.render_checks import page_streams

    streams = page_streams(path)
    if not streams:
        raise ValueError(f"{path.name}: no page descriptions found to measure the floor on")

    def rate(work) -> float:  # type: ignore[no-untyped-def]
        start = time.process_time()
        for stream in streams:
            work(stream)
        return count / (time.process_time() - start)

    floors = {
        "isal level 1 alone": rate(lambda stream: isal.isal_zlib.compress(stream, 1)),
        "isal level 0 alone": rate(lambda stream: isal.isal_zlib.compress(stream, 0)),
        "zlib level 6 alone": rate(lambda stream: zlib.compress(stream, 6)),
        "memcpy alone": rate(lambda stream: bytearray(stream)),
    }
    report.add("share of the physical floor", ours, "letters/s", floors)
    report.add("page description before compression", sum(map(len, streams)) / count, "bytes/letter")


def hard_letters(quick: bool, report: Report, folder: Path) -> None:
    """Five pages of table, and a character of the fallback fonts in every name."""
    from benchmarks import render_ours

    work = render_ours.prepare(400 if quick else 4000, rows=HARD_ROWS, rare=True)
    render_ours.render(work, folder)
    rate = median(render_ours.letters_per_second(work, folder) for _ in range(1 if quick else 5))
    report.add("pages of a letter with long table", work.pages / len(work.letters), "pages", at_least=5)
    report.add("5-page letters with long table and rare names", rate, "letters/s", at_least=5000)


def imposition(quick: bool, report: Report, folder: Path) -> None:
    """2-up cut-and-stack at emit against plain emit and against a pass over the finished file."""
    from benchmarks import render_ours
    from benchmarks.render_checks import ghostscript_ms_per_page
    from benchmarks.render_imposition import post_pass

    count = 200 if quick else 1000
    work = render_ours.prepare(count)
    render_ours.render(work, folder, count, "2up-cutstack")  # kernels loaded
    plain, imposed, post = [], [], []
    for _ in range(1 if quick else 5):
        plain.append(1e6 / render_ours.letters_per_second(work, folder, count))
        imposed.append(1e6 / render_ours.letters_per_second(work, folder, count, "2up-cutstack"))
        source = render_ours.render(work, folder, count)[0]
        post.append(1e6 * post_pass(source, folder / "post.pdf") / count)
    extra = max(median(imposed) - median(plain), 0.1)
    report.add(
        "2-up cut-and-stack at emit", median(imposed), "us/letter", {"plain emit": median(plain)},
        ratio_at_most={"plain emit": 1.4},
    )  # fmt: skip
    report.add(
        "cost 2-up adds at emit", extra, "us/letter", {"pikepdf post-pass": median(post)},
        ratio_at_most={"pikepdf post-pass": 1 / 20},
    )  # fmt: skip
    milliseconds = ghostscript_ms_per_page(source, 20 if quick else 100)
    report.add("Ghostscript, 600 dpi mono", milliseconds, "ms/page", at_most=15)


def latency(quick: bool, report: Report, folder: Path) -> None:
    """A chunk of 500 letters: resident and from a cold process with the kernels in their cache."""
    from benchmarks import render_ours
    from benchmarks.render_scale import in_process

    work = render_ours.prepare(500)
    times = []
    for _ in range(3 if quick else 15):
        start = time.perf_counter()
        render_ours.render(work, folder, 500)
        times.append((time.perf_counter() - start) * 1000)
    report.add("500-letter chunk, resident, wall", median(times), "ms", at_most=60)
    cold = [in_process("cold-chunk", 500, folder).wall for _ in range(1 if quick else 5)]
    report.add("500-letter chunk, cold process, wall", median(cold), "s", at_most=1.0)
    if not quick:
        kernels = folder / "kernels"
        first, second = (in_process("cold-chunk", 10, folder, kernels=kernels).cpu for _ in range(2))
        report.add("first compile of the kernels, CPU", first - second, "s", at_most=30)
        report.add("first chunk with compiled kernels, CPU", second, "s")


def day(quick: bool, report: Report, folder: Path) -> None:
    """50,000 letters from the case table to files, and memory that does not grow with the batch (to a million: `render_memory`)."""
    from benchmarks.render_scale import in_process, write_case_table

    count = 1000 if quick else 50_000
    write_case_table(count, folder / "cases.csv")
    rounds = 1 if quick else 3

    def wall(task: str, cores: int) -> float:
        for left in folder.glob("cases-*.pdf"):  # freeing files of an earlier round is not rendering
            left.unlink()
        return in_process(task, count, folder, cores).wall

    one = [wall("day", 1) for _ in range(rounds)]
    two = [wall("day-pool", 2) for _ in range(rounds)]
    made = sum(path.stat().st_size for path in folder.glob("cases-*.pdf"))
    report.add(f"{count:,} letters, case table to files, one core, wall", median(one), "s", at_most=3.0)
    report.add(f"{count:,} letters, case table to files, two cores, wall", median(two), "s", at_most=2.0)
    report.add("size of the day's files", made / 1e6, "MB")
    sizes = (500, 2000) if quick else (5000, 50_000)
    memory(sizes, report, folder)


def memory(sizes: tuple[int, int], report: Report, folder: Path) -> None:
    """The peak of a process that renders few letters against one that renders many."""
    from benchmarks.render_scale import in_process

    small, large = (in_process("stream", size, folder) for size in sizes)
    report.add(f"peak memory at {sizes[0]:,} letters", small.peak_mb, "MB", at_most=400)
    report.add(
        f"peak memory at {sizes[1]:,} letters", large.peak_mb, "MB", {f"at {sizes[0]:,}": small.peak_mb},
        at_most=400, ratio_at_most={f"at {sizes[0]:,}": 1.1},
    )  # fmt: skip


def correctness(quick: bool, report: Report, folder: Path) -> None:
    """Every text layer, a sample of every code."""
    from benchmarks import render_ours
    from benchmarks.render_checks import text_differences, unread_codes

    count = 500 if quick else 50_000
    shutil.rmtree(folder)
    folder.mkdir()
    work = render_ours.prepare(count, rare=True)
    files = render_ours.render(work, folder)
    report.add(
        "letters whose text layer differs", len(text_differences(files, count, 6, True)), f"of {count}", at_most=0
    )
    sample = 50 if quick else 2000
    read, missing = unread_codes(files, 500, sample)
    for line in missing[:5]:
        print(line)
    report.add("sheets with a code that does not read", len(missing), f"of {sample}", at_most=0)
    report.add("codes read back at 300 dpi", read, "codes")
