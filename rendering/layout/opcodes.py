"""The numbers shared by the template compiler and the layout kernels: operations, runs, columns of the tables.

A compiled template is a small program of integer rows. Everything is a length in millipoints (1/1000 pt) or a count, so
that layout is exact integer arithmetic and gives the same bytes on every machine.
"""

from __future__ import annotations

from typing import Final

MPT_PER_MM: Final = 72000 / 25.4

# -- operations: columns (code, a, b, c, d, e, f, g)
OP_END: Final = 0
OP_PARAGRAPH: Final = 1  # style, first run, run after the last
OP_TABLE: Final = 2  # table layout
OP_UNLESS: Final = 3  # condition, target: jump when the condition is false
OP_JUMP: Final = 4  # target
OP_LOOP: Final = 5  # table, target after the loop
OP_NEXT: Final = 6  # target of the loop's first operation
OP_SPACE: Final = 7  # height
OP_NEW_PAGE: Final = 8
OP_FORM: Final = 9  # form, x, dy, width, height, in flow (1) or floating (0)
OP_KEEP: Final = 10  # 1 begin, 0 end; 1 when also kept with the strip before
OP_WIDTH: Final = 8

# -- runs: columns (kind, a, b, face, amount); face -1 is the face of the paragraph's style; amount 1 groups thousands
RUN_STATIC: Final = 0  # start, length in the static text
RUN_FIELD: Final = 1  # slot
RUN_CELL: Final = 2  # table, column
RUN_PAGE: Final = 3
RUN_PAGES: Final = 4
RUN_SHEET: Final = 5
RUN_SHEETS: Final = 6
RUN_UNLESS: Final = 7  # condition, target run
RUN_JUMP: Final = 8  # target run
RUN_WIDTH: Final = 5

# -- styles
ST_FACE: Final = 0
ST_SIZE: Final = 1
ST_LEADING: Final = 2
ST_ALIGN: Final = 3
ST_FIRST: Final = 4  # first-line indent
ST_LEFT: Final = 5
ST_RIGHT: Final = 6
ST_BEFORE: Final = 7
ST_AFTER: Final = 8
ST_FLAGS: Final = 9
ST_TRACKING: Final = 10
ST_COLOUR: Final = 11  # 0xRRGGBB
ST_LEVEL: Final = 12  # kinsoku level 0..3
ST_WIDTH: Final = 13

ALIGN_LEFT: Final = 0
ALIGN_JUSTIFY: Final = 1
ALIGN_CENTRE: Final = 2
ALIGN_RIGHT: Final = 3

FLAG_KEEP_NEXT: Final = 1
FLAG_KEEP_PREVIOUS: Final = 2
FLAG_GRID: Final = 4  # one cell a character: no squeezing, no Latin gap
FLAG_HANG: Final = 8  # a mark at line end hangs outside
FLAG_FULL_END: Final = 16  # a mark at line end keeps its full width

# -- frames: columns (pages, x, y, width, height, first op, op after the last, vertical alignment)
ON_FIRST: Final = 0
ON_OTHER: Final = 1
ON_ALL: Final = 2
ON_LAST: Final = 3
ON_FRONT: Final = 4
FR_WIDTH: Final = 8

# -- table layouts: columns (table, columns, first column, cell style, header style or -1, padding, x, rule width)
TB_WIDTH: Final = 8
# -- table columns: (width, align, cell run first, after, header run first, after)
TC_WIDTH: Final = 6

# -- lines in scratch
L_START: Final = 0
L_END: Final = 1
L_X: Final = 2
L_DY: Final = 3
L_TC: Final = 4
L_STYLE: Final = 5
L_LEADING_KERN: Final = 6
L_WIDTH: Final = 7

# -- fixed paragraphs: columns of Program.fixed, by operation
FX_LINE: Final = 0
FX_LINES: Final = 1
FX_WIDTH: Final = 2

# -- lines of fixed paragraphs, the same in every letter: columns of Program.fixed_lines. In scratch such a line has L_START -1 and
# its row here as L_END.
X_X: Final = 0
X_TC: Final = 1
X_STYLE: Final = 2
X_FROM: Final = 3  # its shown characters in Program.fixed_bytes
X_TO: Final = 4
X_FONT: Final = 5  # font of the first character
X_LAST_FONT: Final = 6
X_PARAGRAPH: Final = 7  # form of the paragraph that begins with this line
X_LINES: Final = 8  # lines of that paragraph; 0 when none begins here or it has no form
X_WIDTH: Final = 9

# -- strips in scratch: horizontal bands that stay whole
S_LINE0: Final = 0
S_LINE1: Final = 1
S_HEIGHT: Final = 2
S_KEEP: Final = 3  # 1: stays on the page of the next strip
S_BEFORE: Final = 4  # white space before, dropped at the top of a page
S_KIND: Final = 5
S_ARG: Final = 6
S_HEADER: Final = 7  # strip of the table header to repeat on a new page, or -1
S_X: Final = 8
S_WIDTH: Final = 9

STRIP_TEXT: Final = 0
STRIP_ROW: Final = 1
STRIP_FORM: Final = 2
STRIP_PAGE: Final = 3

# -- places in scratch: a strip on a page
P_STRIP: Final = 0
P_PAGE: Final = 1
P_Y: Final = 2
P_WIDTH: Final = 3

# -- marks: columns (source, pages, x, y, module width, module height); source 0 = sheet payload, 1 = item, 2 = first sheet
MK_WIDTH: Final = 6
MARK_SHEET: Final = 0
MARK_ITEM: Final = 1
MARK_WINDOW: Final = 2
MARK_TRACK: Final = 3

# -- art: columns (form, pages, x, y, width, height)
AR_WIDTH: Final = 6

# -- page constants
PG_WIDTH: Final = 0
PG_HEIGHT: Final = 1
PG_DUPLEX: Final = 2
PG_MAX: Final = 3
PG_BODY: Final = 4  # first: x y width height, other: x y width height
PG_BODY_OP: Final = 12  # first operation of the body
PG_LENGTH: Final = 13
