"""Two sets of item vectors, each decomposed into what both share and what is its own."""
