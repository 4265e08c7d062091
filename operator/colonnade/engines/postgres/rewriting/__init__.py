"""What is done where a thing cannot be changed in place, or not without stopping who uses it."""
