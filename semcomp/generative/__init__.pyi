# A model that writes codes, and how it is trained
from semcomp.generative.tiger import TIGER as TIGER
from semcomp.generative.lcrec import LCRec as LCRec
from semcomp.generative.training import CodeTraining as CodeTraining

# What it gives, and what it searches along
from semcomp.generative.scorer import GenerativeScorer as GenerativeScorer
from semcomp.generative.trie import Trie as Trie
