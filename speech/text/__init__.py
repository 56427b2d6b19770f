"""Text of recognition: spelling, spaces, fillers, numerals."""
