"""What a developer needs around the product: the environment, real servers for tests and the demo, the demo itself.

`python3 -m dev.environment` runs with the system's Python and makes `.venv`; everything else runs inside that.
"""
