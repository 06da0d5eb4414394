"""Letter templates: a folder with ``template.toml`` and a text. Read, checked and compiled here; never executed as code."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rendering.model import Letter
from rendering.template.compiler import Compiled, compile_program
from rendering.template.errors import TemplateError
from rendering.template.markup import parse_expression
from rendering.template.settings import Settings
from rendering.template.settings_reader import read_settings
from rendering.template.values import compile_test

__all__ = ["Template", "TemplateError", "choose_template", "load_template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. ``sha256`` covers every file of its folder that it uses."""

    folder: Path
    settings: Settings
    program: Compiled
    sha256: str

    @property
    def name(self) -> str:
        """Name shown to operators."""
        return self.settings.name

    @property
    def field_names(self) -> tuple[str, ...]:
        """Fields of the case this template prints or asks about, without repeats."""
        return tuple(dict.fromkeys(slot.name for slot in self.program.slots if not slot.of_piece))

    @property
    def table_names(self) -> tuple[str, ...]:
        """Tables of the case this template prints."""
        return tuple(self.program.table_names)

    def specimen(self) -> Letter:
        """A letter with the fields' own labels as values, to look at the template without a case."""
        rules = self.settings.fields
        fields = {name: rules[name].label if name in rules else name for name in self.field_names}
        columns = zip(self.program.table_names, self.program.table_columns, strict=True)
        tables = {name: [{slot.name: slot.name for slot in slots}] * 3 for name, slots in columns}
        return Letter("specimen", fields, tables)


def load_template(folder: Path) -> Template:
    """Read and compile the template in ``folder``. Raises TemplateError with file, line and reason."""
    if not folder.is_dir():
        raise TemplateError(str(folder), 0, "this template folder does not exist")
    settings = read_settings(folder / "template.toml")
    body_path = folder / settings.body_file
    if body_path.parent.resolve() != folder.resolve():
        raise TemplateError("template.toml", 0, "template.body must be a file of the template's folder")
    try:
        body = body_path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(settings.body_file, 0, f"cannot be read as UTF-8 text: {error}") from error
    digest = hashlib.sha256()
    for path in (folder / "template.toml", body_path, *sorted(p.path for p in settings.pictures.values())):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    program = compile_program(settings, body)
    for condition in program.conditions:
        compile_test(condition.file, condition.line, condition.test, frozenset(program.table_names), set())
    return Template(folder, settings, program, digest.hexdigest())


def choose_template(
    templates: Sequence[Template], fields: Mapping[str, str], tables: Mapping[str, Sequence[Mapping[str, str]]]
) -> Template | None:
    """Return the first template whose ``template.when`` rule holds for the case; one without a rule holds always."""
    for template in templates:
        rule = template.settings.when
        if not rule:
            return template
        test = parse_expression("template.toml", 1, rule)
        if compile_test("template.toml", 1, test, frozenset(tables), set())(fields, tables):
            return template
    return None
