"""Chapter 8: how often advice is right in planted worlds."""
