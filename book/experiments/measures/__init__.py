"""Page 12: how far measures can be trusted, in planted worlds whose truth is known."""
