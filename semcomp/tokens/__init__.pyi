# What an item is, to a model that writes tokens
from semcomp.tokens.codes import Codes as Codes
from semcomp.tokens.tokenizer import Tokenizer as Tokenizer

# How vectors become tokens
from semcomp.tokens.residual import ResidualKMeans as ResidualKMeans

# What the tokens of two views have in common
from semcomp.tokens.mutual import overlap as overlap
from semcomp.tokens.mutual import Overlap as Overlap
