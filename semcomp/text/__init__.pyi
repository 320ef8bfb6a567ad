# Texts encoded, by an encoder's name or settings
from semcomp.text.encoders import embed as embed
from semcomp.text.encoders import resolve as resolve
from semcomp.text.encoders import ENCODERS as ENCODERS
from semcomp.text.sentence import minilm as minilm
from semcomp.text.sentence import SentenceModel as SentenceModel
from semcomp.text.bge import BgeM3 as BgeM3
from semcomp.text.bge import BgeOutputs as BgeOutputs
from semcomp.text.language_model import LanguageModel as LanguageModel
from semcomp.text.tfidf import TfidfSvd as TfidfSvd
from semcomp.text.precomputed import Precomputed as Precomputed
from semcomp.text.precomputed import OwnVectors as OwnVectors

# Texts in numbers
from semcomp.text.statistics import text_statistics as text_statistics
from semcomp.text.statistics import TextStatistics as TextStatistics

# To write an encoder
from semcomp.text.encoder import Encoder as Encoder
from semcomp.text.encoder import Run as Run
from semcomp.text.encoder import Rows as Rows
