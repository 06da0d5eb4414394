"""The text of a letter: what its author writes, as blocks and inline pieces.

Paragraphs are separated by empty lines. A line that starts with ``# ``, ``## ``, ``- `` or ``.style `` opens a title, heading, list item or
a paragraph of that style; a line that starts with ``:`` gives an order (``:table``, ``:picture``, ``:keep`` … ``:end``, ``:space``, ``:newpage``).
``{{ field }}``, ``{% if %}`` and ``{% for %}`` are Jinja2's own grammar, parsed by Jinja2 and never executed by it, so a template has no code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import jinja2
from jinja2 import nodes

from rendering.template.errors import TemplateError

_ENVIRONMENT: Final = jinja2.Environment(autoescape=False)  # parsed only, nothing is rendered with it
_STATEMENT: Final = re.compile(r"\s*\{%-?\s*(if|elif|else|endif|for|endfor)\b(.*?)-?%\}\s*$")
SPECIALS: Final = ("page", "pages", "sheet", "sheets")


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text."""

    text: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the case: ``path`` is (field,) or (row variable, column); filters apply from left to right."""

    path: tuple[str, ...]
    filters: tuple[str, ...]
    strong: bool
    line: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Inline or block alternatives: (test, contents) in order; a None test is the else branch."""

    branches: tuple[tuple[nodes.Expr | None, tuple[object, ...]], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    style: str
    inlines: tuple[object, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Order:
    """A ``:name`` line with its words and ``key=value`` options."""

    name: str
    words: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Loop:
    variable: str
    table: str
    blocks: tuple[object, ...]
    line: int


def parse_expression(file: str, line: int, source: str) -> nodes.Expr:
    """Return the expression of an ``if``. Raises TemplateError."""
    tree = _parse(file, line, "{% if " + source + " %}{% endif %}")
    branch = tree.body[0]
    assert isinstance(branch, nodes.If)
    return _expression(branch)


def _expression(branch: nodes.If) -> nodes.Expr:
    test = branch.test
    assert isinstance(test, nodes.Expr)
    return test


def _parse(file: str, line: int, source: str) -> nodes.Template:
    try:
        return _ENVIRONMENT.parse(source)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(file, line + error.lineno - 1, error.message or "wrong syntax") from error


def _field(file: str, node: nodes.Expr, line: int, strong: bool) -> Field:
    """Read ``a``, ``row.a`` or either with filters."""
    filters: list[str] = []
    while isinstance(node, nodes.Filter) and node.node is not None:
        if node.args or node.kwargs:
            raise TemplateError(file, line, f"filter {node.name!r} takes no arguments here")
        filters.insert(0, node.name)
        node = node.node
    if isinstance(node, nodes.Name):
        return Field((node.name,), tuple(filters), strong, line)
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return Field((node.node.name, node.attr), tuple(filters), strong, line)
    raise TemplateError(file, line, "only {{ field }}, {{ row.column }} and filters are allowed between {{ and }}")


class _InlineReader:
    """Walks Jinja2's tree of one paragraph; remembers whether ``**strong**`` is open."""

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self.line = line
        self.strong = False

    def read(self, body: Sequence[nodes.Node]) -> tuple[object, ...]:
        pieces: list[object] = []
        for node in body:
            line = self.line + node.lineno - 1
            if isinstance(node, nodes.Output):
                for part in node.nodes:
                    if isinstance(part, nodes.TemplateData):
                        self._text(part.data, pieces)
                    else:
                        pieces.append(_field(self.file, part, self.line + part.lineno - 1, self.strong))
            elif isinstance(node, nodes.If):
                pieces.append(self._choice(node, line))
            else:
                raise TemplateError(self.file, line, f"{type(node).__name__.lower()} is not allowed inside a paragraph")
        return tuple(pieces)

    def _choice(self, node: nodes.If, line: int) -> Choice:
        branches: list[tuple[nodes.Expr | None, tuple[object, ...]]] = [(_expression(node), self.read(node.body))]
        branches += [(_expression(other), self.read(other.body)) for other in node.elif_]
        if node.else_:
            branches.append((None, self.read(node.else_)))
        return Choice(tuple(branches), line)

    def _text(self, data: str, pieces: list[object]) -> None:
        joined = re.sub(r"(?<=[\x21-\x7e])[ \t]*\n[ \t]*(?=[\x21-\x7e])", " ", data)
        joined = re.sub(r"[ \t]*\n[ \t]*", "", joined)
        for index, part in enumerate(joined.split("**")):
            if index:
                self.strong = not self.strong
            if part:
                pieces.append(Text(part.replace("\\*", "*"), self.strong))


def parse_inline(file: str, line: int, source: str) -> tuple[object, ...]:
    """Return the pieces of one paragraph. Raises TemplateError."""
    reader = _InlineReader(file, line)
    pieces = reader.read(_parse(file, line, source).body)
    if reader.strong:
        raise TemplateError(file, line, "** is opened and not closed in this paragraph")
    return pieces


_OPENERS: Final = (("## ", "heading"), ("# ", "title"))


def _paragraph(file: str, line: int, lines: list[str]) -> Paragraph:
    source = "\n".join(lines)
    style = "body"
    for opener, name in _OPENERS:
        if source.startswith(opener):
            return Paragraph(name, parse_inline(file, line, source[len(opener) :].strip()), line)
    if source.startswith("- "):
        return Paragraph("list", (Text("• ", False), *parse_inline(file, line, source[2:].strip())), line)
    named = re.match(r"\.([a-z][a-z0-9_-]*)[ \t]+", source)
    if named:
        style = named[1]
        source = source[named.end() :]
    elif source.startswith("\\"):
        source = source[1:]
    return Paragraph(style, parse_inline(file, line, source.strip()), line)


class _BlockReader:
    """Reads lines into blocks; nested statements by recursion."""

    def __init__(self, file: str, first_line: int, source: str) -> None:
        self.file = file
        self.first = first_line
        self.lines = re.sub(r"\{#.*?#\}", lambda m: "\n" * m[0].count("\n"), source, flags=re.DOTALL).split("\n")
        self.at = 0

    @property
    def line(self) -> int:
        return self.first + self.at

    def read(self, until: tuple[str, ...], opened: int) -> tuple[tuple[object, ...], str, str]:
        """Read blocks up to one of the statements ``until``; return (blocks, statement, its argument)."""
        blocks: list[object] = []
        while self.at < len(self.lines):
            text = self.lines[self.at]
            statement = _STATEMENT.match(text)
            if statement:
                word, argument = statement[1], statement[2].strip()
                if word in until:
                    self.at += 1
                    return tuple(blocks), word, argument
                blocks.append(self._statement(word, argument))
            elif text.startswith(":"):
                order = self._order(text)
                self.at += 1
                if order.name == "end" and "end" in until:
                    return tuple(blocks), "end", ""
                if order.name == "keep":
                    inside, _, _ = self.read(("end",), order.line)
                    blocks.append((order, inside))
                else:
                    blocks.append(order)
            elif not text.strip():
                self.at += 1
            else:
                blocks.append(self._collect())
        if until:
            raise TemplateError(self.file, opened, f"this block is not closed with {' or '.join(until)}")
        return tuple(blocks), "", ""

    def _statement(self, word: str, argument: str) -> object:
        line = self.line
        self.at += 1
        if word == "if":
            branches: list[tuple[nodes.Expr | None, tuple[object, ...]]] = []
            test: nodes.Expr | None = parse_expression(self.file, line, argument)
            while True:
                blocks, word, argument = self.read(("elif", "else", "endif") if test is not None else ("endif",), line)
                branches.append((test, blocks))
                if word == "endif":
                    return Choice(tuple(branches), line)
                test = parse_expression(self.file, self.line - 1, argument) if word == "elif" else None
        if word == "for":
            loop = re.fullmatch(r"([A-Za-z_]\w*)\s+in\s+([A-Za-z_]\w*)", argument)
            if not loop:
                raise TemplateError(self.file, line, "write {% for row in table %}")
            blocks, _, _ = self.read(("endfor",), line)
            return Loop(loop[1], loop[2], blocks, line)
        raise TemplateError(self.file, line, f"{word} without its beginning")

    def _order(self, text: str) -> Order:
        words = text[1:].split()
        if not words:
            raise TemplateError(self.file, self.line, "an order is missing after ':'")
        options = tuple((word.partition("=")[0], word.partition("=")[2]) for word in words[1:] if "=" in word)
        return Order(words[0], tuple(word for word in words[1:] if "=" not in word), options, self.line)

    def _collect(self) -> Paragraph:
        first = self.line
        lines = [self.lines[self.at]]
        self.at += 1
        while self.at < len(self.lines):
            text = self.lines[self.at]
            starts = text.startswith((":", "# ", "## ", "- ")) or re.match(r"\.[a-z][a-z0-9_-]*[ \t]", text)
            if not text.strip() or starts or _STATEMENT.match(text):
                break
            lines.append(text)
            self.at += 1
        return _paragraph(self.file, first, lines)


def parse_blocks(file: str, first_line: int, source: str) -> tuple[object, ...]:
    """Return the blocks of a letter's text: Paragraph, Order, (Order, blocks) of a keep, Choice, Loop. Raises TemplateError."""
    blocks, _, _ = _BlockReader(file, first_line, source).read((), first_line)
    return blocks
