"""Two sets of item vectors, each decomposed into what both share and what it has of its own."""
