"""Everything that can be wrong and can be tested in milliseconds.

The contract of this package: no input or output, no clock, no logging, no drivers, no Kopf. Values in, values out.
"""
