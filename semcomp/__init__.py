"""semcomp: semantic and collaborative views of the same items. Align them, or fuse them?

import semcomp as sc

data = sc.load_dataset("ml-100k")
split = sc.split(data, seed=2020)
text = sc.embed(data)
cf = sc.views.LightGCN(dim=64).fit(split, seed=0)
sem = sc.views.SemanticProjection(dim=64).fit(sc.Inputs(split, text), seed=0)
null = sc.views.LightGCN(dim=64).fit(split, seed=1)
a, b, c = (sc.rank(view, split, k=40) for view in (cf, sem, null))
print(sc.diagnose(a, b, split, k=20, null=c))

The public names, and the modules they come from, are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = face(__name__, __file__)
