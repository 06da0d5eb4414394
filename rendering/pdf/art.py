"""Pictures of a template (letterhead, seal, signature) as form XObjects of one unit square, imported once per file.

A PDF or SVG becomes vector form XObjects; a raster becomes an opaque image. Transparency is refused: it makes a press many
times slower and its colours unsure.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pikepdf

from rendering.pdf.fonts import stream
from rendering.template.errors import TemplateError


def picture_objects(path: Path) -> tuple[bytes, ...]:
    """The PDF objects of a picture; ``@n@`` stands for the number of the n-th, the first is the form itself.

    Raises TemplateError naming the file when it cannot be read or is transparent.
    """
    suffix = path.suffix.lower()
    if suffix in (".png", ".jpg", ".jpeg"):
        return _raster_objects(path)
    try:
        data = svg_to_pdf(path) if suffix == ".svg" else path.read_bytes()
        with pikepdf.open(io.BytesIO(data)) as source:
            return pdf_page_objects(source, path.name)
    except pikepdf.PdfError as error:
        raise TemplateError(path.name, 0, f"not a readable PDF: {error}") from error


def svg_to_pdf(path: Path) -> bytes:
    """Convert an SVG to a one-page PDF of vectors. Raises TemplateError when it is not a readable drawing."""
    from reportlab.graphics import renderPDF
    from svglib.svglib import svg2rlg

    drawing = svg2rlg(str(path))
    if drawing is None or not drawing.width or not drawing.height:
        raise TemplateError(path.name, 0, "not a readable SVG drawing with a width and a height")
    converted: bytes = renderPDF.drawToString(drawing)
    return converted


def pdf_page_objects(source: pikepdf.Pdf, name: str) -> tuple[bytes, ...]:
    """Page 1 of ``source`` as a form XObject scaled to the unit square, with everything it refers to."""
    page = source.pages[0]
    _drop_unused_fonts(source, page)
    _refuse_unprintable(page.obj, name)
    form = page.as_form_xobject()
    box = [float(value) for value in page.mediabox]
    width, height = box[2] - box[0], box[3] - box[1]
    if width <= 0 or height <= 0:
        raise TemplateError(name, 0, "page 1 has no size")
    form.Matrix = pikepdf.Array([round(1 / width, 9), 0, 0, round(1 / height, 9), -box[0] / width, -box[1] / height])
    if "/Group" in form:
        del form["/Group"]
    numbered: dict[tuple[int, int], int] = {}
    objects: list[bytes] = []
    _collect(form, numbered, objects)
    return tuple(objects)


def _drop_unused_fonts(source: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Forget fonts no text is shown in: drawing programs name Helvetica on every page, embedded nowhere."""
    shown: set[str] = set()
    current = ""
    instructions = list(pikepdf.parse_content_stream(page))
    for instruction in instructions:
        operator = str(instruction.operator)
        if operator == "Tf":
            current = str(instruction.operands[0])
        elif operator in ("Tj", "TJ", "'", '"'):
            shown.add(current)
    kept = [i for i in instructions if str(i.operator) != "Tf" or str(i.operands[0]) in shown]
    page.Contents = source.make_stream(pikepdf.unparse_content_stream(kept))
    fonts = page.obj.get("/Resources", pikepdf.Dictionary()).get("/Font", pikepdf.Dictionary())
    for font in list(fonts.keys()):
        if font not in shown:
            del fonts[font]


def _collect(obj: pikepdf.Object, numbered: dict[tuple[int, int], int], objects: list[bytes]) -> int:
    """Write ``obj`` and what it refers to; return its number among ``objects``."""
    key = obj.objgen
    if key != (0, 0) and key in numbered:
        return numbered[key]
    number = len(objects)
    objects.append(b"")
    if key != (0, 0):
        numbered[key] = number

    def reference(child: pikepdf.Object) -> bytes:
        return f"@{_collect(child, numbered, objects)}@ 0 R".encode()

    if isinstance(obj, pikepdf.Stream):
        data = obj.read_bytes()
        skip = {"/Length", "/Filter", "/DecodeParms"}
        entries = b"".join(
            key.encode() + b" " + _write(value, reference) for key, value in obj.stream_dict.items() if key not in skip
        )
        objects[number] = stream(entries.decode("latin-1"), data)
    else:
        objects[number] = _write(obj, reference, top=True)
    return number


def _write(obj: object, reference: Callable[[pikepdf.Object], bytes], top: bool = False) -> bytes:
    """Serialise a value; indirect objects go through ``reference``."""
    if isinstance(obj, pikepdf.Object):
        if not top and (obj.is_indirect or isinstance(obj, pikepdf.Stream)):
            return reference(obj)
        if isinstance(obj, pikepdf.Dictionary):
            inside = b"".join(
                k.encode() + b" " + _write(v, reference)
                for k, v in obj.items()
                if k not in ("/Parent", "/StructParent")
            )
            return b"<<" + inside + b">>"
        if isinstance(obj, pikepdf.Array):
            return b"[" + b" ".join(_write(item, reference) for item in obj.as_list()) + b"]"
        return bytes(obj.unparse(resolved=True))
    return bytes(pikepdf.Array([obj]).unparse()[1:-1].strip())


def _refuse_unprintable(page: pikepdf.Object, name: str) -> None:
    """Look through the page's graphics states and images for anything not opaque, and its fonts for any not embedded."""
    resources = page.get("/Resources", pikepdf.Dictionary())
    for state in resources.get("/ExtGState", pikepdf.Dictionary()).as_dict().values():
        for key in ("/CA", "/ca"):
            if float(state.get(key, 1)) < 1:
                raise TemplateError(name, 0, "is transparent; letterheads and seals must be opaque")
        if "/SMask" in state and state.SMask != pikepdf.Name.None_:
            raise TemplateError(name, 0, "uses a soft mask; letterheads and seals must be opaque")
    for font in resources.get("/Font", pikepdf.Dictionary()).as_dict().values():
        if not _is_embedded(font):
            raise TemplateError(name, 0, "uses a font it does not embed; convert its text to outlines")
    for xobject in resources.get("/XObject", pikepdf.Dictionary()).as_dict().values():
        if "/SMask" in xobject:
            raise TemplateError(name, 0, "holds an image with transparency; letterheads and seals must be opaque")


def _is_embedded(font: pikepdf.Object) -> bool:
    """Whether a font brings its program; Type 3 fonts are programs themselves."""
    if font.get("/Subtype") == "/Type3":
        return True
    inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
    descriptor = inner.get("/FontDescriptor", pikepdf.Dictionary())
    return any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))


def _raster_objects(path: Path) -> tuple[bytes, ...]:
    """An opaque image: transparent PNGs are put on white, which is what paper is."""
    from PIL import Image, UnidentifiedImageError  # only templates with raster pictures need it

    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
    except (OSError, UnidentifiedImageError) as error:
        raise TemplateError(path.name, 0, f"not a readable picture: {error}") from error
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    width, height = flat.size
    head = f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8"
    return (stream(head, flat.tobytes()),)
