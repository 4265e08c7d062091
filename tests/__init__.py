"""A package, so that fixtures can be imported; the tests themselves are found by path."""
