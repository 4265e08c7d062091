"""What is there: the live database read, in whole or in part, the proof, and what nobody manages."""
