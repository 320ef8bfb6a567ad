# Vectors with their ids, for whatever reads parquet
from semcomp.serve.vectors import save_vectors as save_vectors
from semcomp.serve.vectors import load_vectors as load_vectors

# A mixture of views as one
from semcomp.serve.mixtures import view_of as view_of

# A short table of item-to-item weights, and what shortening costs
from semcomp.serve.item_table import ItemTable as ItemTable
from semcomp.serve.item_table import truncation_cost as truncation_cost

# The exact lists, from a FAISS index
from semcomp.serve.index import ItemIndex as ItemIndex

# Finished lists, a file of them
from semcomp.serve.lists import write_lists as write_lists
from semcomp.serve.lists import lists_for as lists_for

# New users and new items, without training again
from semcomp.serve.folding import fold_in_users as fold_in_users
from semcomp.serve.folding import folding_costs as folding_costs
from semcomp.serve.folding import fold_in_items as fold_in_items

# A fusion in a folder
from semcomp.serve.served import write_served as write_served
