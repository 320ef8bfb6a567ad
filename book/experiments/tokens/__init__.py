"""Tokens: what the codes of text and behaviour share, and what tokenizers make of the same items."""
