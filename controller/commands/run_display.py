"""What ``letterline run`` shows: a sentence per step, bars while the line runs, and the outcome in a table."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from controller.runner.main_job import Ended
    from controller.runner.session import Progress as RunProgress

_BARS = (
    ("打印张数 sheets printed", "submitted_sheets"),
    ("进纸 sheets fed", "fed"),
    ("出口 pieces out", "exited"),
    ("入筐 in trays", "in_tray"),
    ("存疑 suspect", "diverted"),
)


class Display:
    """A terminal (or a plain file) that is told how a run goes."""

    def __init__(self) -> None:
        self._console = Console()
        self._bars = Progress(
            TextColumn("{task.description}", table_column=None), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self._console, transient=False, refresh_per_second=5,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def say(self, zh: str, en: str) -> None:
        """Print one sentence."""
        self._console.print(f"[bold]·[/bold] {zh}  [dim]{en}[/dim]", highlight=False)

    def show(self, progress: RunProgress) -> None:
        """Move the bars."""
        if not self._tasks:
            self._bars.start()
            for title, name in _BARS:
                self._tasks[name] = self._bars.add_task(title, total=None if name == "diverted" else progress.letters)
        for _, name in _BARS:
            done = getattr(progress, name)
            total = None if name == "diverted" else max(progress.letters, done)
            self._bars.update(self._tasks[name], completed=done, total=total)

    def report(self, out: Path, ended: Ended) -> None:
        """Print the outcome and where to look."""
        facts = ended.facts
        table = Table(show_header=False, box=None, padding=(0, 2))
        for title, key in (
            ("受理案件 accepted", "accepted"), ("退回行 refused", "refused"), ("信函 letters", "letters"), ("张数 sheets", "sheets"),
            ("重印 reprinted", "reprinted"), ("放行 released", "released"), ("销毁 destroyed", "destroyed"), ("丢失 lost", "lost"),
            ("扣留 held", "held"), ("未结 open", "open"), ("差额 balance", "balance"), ("违规 violations", "violations"),
        ):  # fmt: skip
            table.add_row(title, str(facts[key]))
        diverted = facts["diverted"]
        if isinstance(diverted, dict) and diverted:
            table.add_row("剔除 diverted", ", ".join(f"{reason} {count}" for reason, count in diverted.items()))
        self._console.print(table)
        self._stages(facts)
        for violation in ended.violations:
            self._console.print(f"[red]违规 violation: {violation}[/red]")
        if ended.earlier:
            return
        self._console.print("在哪里看 where to look:")
        for what, name in (
            ("打印文件 print files", "print/"), ("对照图 contact sheet", "contact-sheet.png"), ("退回报告 refusals", "refusals.xlsx"),
            ("交寄清单 manifest", "manifest.xlsx, manifest.pdf"), ("台账 ledger", "ledger.db"), ("数字 facts", "summary.json"),
        ):  # fmt: skip
            self._console.print(f"  {what}: {out}/{name}", highlight=False)

    def _stages(self, facts: dict[str, object]) -> None:
        stages = facts["stages"]
        if not isinstance(stages, dict):
            return
        parts = []
        for name, span in stages.items():
            rate = f" = {span['count'] / span['seconds']:,.0f}/s" if span["seconds"] else ""
            parts.append(f"{name} {span['count']} in {span['seconds']:.2f} s{rate}")
        self._console.print("各段 stages: " + " · ".join(parts), highlight=False)
