"""What is declared: SQL and YAML loaded into a scratch database and read back as the server keeps it; the other way round, too."""
