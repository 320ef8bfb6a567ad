# What an item is, to a model that writes tokens
from semcomp.tokens.codes import Codes as Codes
from semcomp.tokens.tokenizer import Tokenizer as Tokenizer

# How vectors become tokens
from semcomp.tokens.residual import ResidualKMeans as ResidualKMeans
from semcomp.tokens.rqvae import RQVAE as RQVAE
from semcomp.tokens.terms import Letter as Letter
from semcomp.tokens.terms import TokenSpace as TokenSpace
from semcomp.tokens.language import token_table as token_table

# What the tokens of two views have in common
from semcomp.tokens.mutual import overlap as overlap
from semcomp.tokens.mutual import Overlap as Overlap
