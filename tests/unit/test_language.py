"""The languages of a report."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.report.language import translations


def test_english_is_what_the_code_says() -> None:
    """It needs no catalogue."""
    assert translations("en").gettext("snapshot") == "snapshot"


def test_an_unknown_language_is_a_usage_error_that_names_those_there_are() -> None:
    """Exit code 2, and what to type instead."""
    with pytest.raises(UsageError, match=r"no language 'fr'\. There are: en, zh\."):
        translations("fr")
