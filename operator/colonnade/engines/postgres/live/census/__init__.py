"""How the fingerprint's queries are generated: from what the server says of its own catalogs, so that none is forgotten.

`catalogs` asks the server, `left_out` lists what does not count and why, `values` turns a column into names instead of OIDs,
`sources` says whose each row is and which rows count, `query` puts them together. Nothing here is shared with the reader, the
differ or the planner: the census judges them.
"""
