# What an item is, to a model that writes tokens
from semcomp.tokens.codes import Codes as Codes
