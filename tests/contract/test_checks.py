"""What `make check` checks holds in every test run too."""

import pytest

from dev import check


@pytest.mark.parametrize("name", check.CHECKS)
def test_the_code_passes(name: str) -> None:
    assert not check.run(name), f"{name}: see above; `make check` shows it alone, `make fmt` mends some"
