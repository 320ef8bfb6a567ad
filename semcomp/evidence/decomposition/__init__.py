"""Two sets of item vectors, each taken apart into what both share and what is its own."""
