"""Photos and signatures: known by their first bytes, limited, kept once by their hash."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage

from station_ui.uploads import PHOTO_BYTES_MAX, UploadRefused, keep_photo, keep_signature


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind)
    return out.getvalue()


def sent(content: bytes, name: str = "photo.jpg") -> FileStorage:
    return FileStorage(io.BytesIO(content), name)


@pytest.mark.parametrize(("kind", "ending"), [("JPEG", "jpg"), ("PNG", "png")])
def test_a_photo_is_kept_once_under_its_hash(tmp_path, kind, ending):
    first = keep_photo(tmp_path / "returns", sent(picture(kind), "../../etc/passwd"))
    assert keep_photo(tmp_path / "returns", sent(picture(kind))) == first
    assert [path.name for path in (tmp_path / "returns").iterdir()] == [f"{first}.{ending}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["returns"]


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg onload=alert(1)>", b"%PDF-1.7", b"\xff\xd8\xff" + b"0" * PHOTO_BYTES_MAX]
)
def test_what_is_no_photo_or_too_large_is_refused_and_not_kept(tmp_path, content):
    with pytest.raises(UploadRefused):
        keep_photo(tmp_path, sent(content))
    assert list(tmp_path.iterdir()) == []


def test_no_photo_is_no_photo(tmp_path):
    assert keep_photo(tmp_path, None) == keep_photo(tmp_path, sent(b"", "")) == ""


@pytest.mark.parametrize("drawn", ["", "not base64 !", base64.b64encode(b"hello").decode()])
def test_an_empty_signature_is_refused(tmp_path, drawn):
    with pytest.raises(UploadRefused):
        keep_signature(tmp_path, drawn)


def test_a_signature_is_kept(tmp_path):
    digest = keep_signature(tmp_path, base64.b64encode(picture("PNG")).decode())
    assert (tmp_path / f"{digest}.png").is_file()
