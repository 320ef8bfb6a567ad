"""Every sequential model by its name in tables. A new one is a class with `network` and a line here."""

from __future__ import annotations

from semcomp.sequential.bert4rec import BERT4Rec
from semcomp.sequential.bsarec import BSARec
from semcomp.sequential.gru4rec import GRU4Rec
from semcomp.sequential.model import SequentialModel
from semcomp.sequential.sasrec import SASRec

#: In the order of tables: each with its default configuration.
SEQUENTIAL: dict[str, SequentialModel] = {
    "GRU4Rec": GRU4Rec(),
    "SASRec": SASRec(),
    "BERT4Rec": BERT4Rec(),
    "BSARec": BSARec(),
}
