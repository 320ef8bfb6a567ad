"""Page 14: how often the sentences of the claim ledger are wrong, and how often they are found, by budget."""
