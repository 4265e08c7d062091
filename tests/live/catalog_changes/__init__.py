"""Changes to a schema that a fingerprint must see, each with its reverse: one for nearly every sort of catalog fact."""
