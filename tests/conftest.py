"""What every test may use: real servers (see tests/fixtures), one set per run, and nothing left behind."""

pytest_plugins = [
    "tests.fixtures.cli",
    "tests.fixtures.run",
    "tests.fixtures.postgres",
    "tests.fixtures.mongodb",
    "tests.fixtures.kubernetes",
]
