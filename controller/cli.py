"""The ``letterline`` command: finds every package's commands by entry point and imports none of them by name."""

from __future__ import annotations

from importlib.metadata import entry_points

import click


class InstalledCommands(click.Group):
    """Commands that the installed packages registered under ``letterline.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(point.name for point in entry_points(group="letterline.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group="letterline.commands", name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return command
        return None


@click.group(cls=InstalledCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="letterline")
def main() -> None:
    """Letterline: from a case file to sealed, verified, posted letters, provable one by one."""
