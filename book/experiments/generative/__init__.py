"""Generative retrieval over text, collaborative and meaningless codes, beside SASRec and popularity."""
