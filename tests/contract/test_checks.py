"""What `make check` checks holds in every test run too."""

import pytest

from dev import check


@pytest.mark.parametrize("name", check.CHECKS)
def test_the_code_passes(name: str) -> None:
    if complaint := check.run(name):
        pytest.fail(f"{complaint}\n`make check` shows this alone, and `make fmt` mends some of it", pytrace=False)
