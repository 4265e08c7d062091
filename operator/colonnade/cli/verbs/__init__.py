"""The verbs, one file each: `arguments` says what it understands, `run` does it and returns the exit code."""
