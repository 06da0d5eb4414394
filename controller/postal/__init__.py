"""The postal side: item numbers from the range the post issued, and the manifest that tells the post what it gets.

A manifest lists exactly the passed pieces of released trays; nothing here decides whether a piece passed.
"""

from controller.postal.items import ItemRange, RangeExhausted
from controller.postal.manifest import Manifest, ManifestLine, build_manifest, write_manifest_pdf, write_manifest_xlsx

__all__ = [
    "ItemRange",
    "Manifest",
    "ManifestLine",
    "RangeExhausted",
    "build_manifest",
    "write_manifest_pdf",
    "write_manifest_xlsx",
]
