"""The languages of a report: a gettext catalogue each, ``templates/report/<language>.po``."""

from __future__ import annotations

import gettext
import io
import json
import re
from typing import IO, TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from harness import resources
from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEXT = re.compile(r'(?:title|shows|says|known|on) = (".*")')  # a line of a manifest
SOURCE = "en"  # the language of the texts in the code, the templates and the manifests


class _Catalogue(gettext.GNUTranslations):
    def gettext(self, message: str) -> str:
        # An empty message is the catalogue's own header, and many a claim says nothing.
        return super().gettext(message) if message else ""


def languages() -> tuple[str, ...]:
    """Return the languages there are, the source's first."""
    catalogues = (resources.path("templates") / "report").glob("*.po")
    return (SOURCE, *sorted(path.stem for path in catalogues))


def translations(lang: str) -> gettext.NullTranslations:
    """Return the texts of a language; a text that its catalogue lacks stays as it is.

    Raises ``UsageError`` for a language that there is no catalogue of.
    """
    if lang not in languages():
        raise UsageError(f"There is no language {lang!r}. There are: {', '.join(languages())}.")
    if lang == SOURCE:
        return gettext.NullTranslations()
    with (resources.path("templates") / "report" / f"{lang}.po").open("rb") as file:
        catalogue = read_po(file, locale=lang)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return _Catalogue(compiled)


def manifest_messages(
    file: IO[bytes], _keywords: object, _comment_tags: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield a manifest's texts and their lines, as ``babel.cfg`` has it."""
    del options  # Babel names it; there is nothing to choose
    for number, line in enumerate(file.read().decode().splitlines(), 1):
        if found := _TEXT.fullmatch(line):
            yield number, "gettext", json.loads(found.group(1)), []
