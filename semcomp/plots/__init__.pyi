# Data and splits
from semcomp.plots.data import PARTS as PARTS
from semcomp.plots.data import long_tail as long_tail
from semcomp.plots.data import recall_by_split as recall_by_split
from semcomp.plots.data import split_maps as split_maps

# What views find
from semcomp.plots.evidence import against_shared_fraction as against_shared_fraction
from semcomp.plots.evidence import differences as differences
from semcomp.plots.evidence import probes as probes
from semcomp.plots.evidence import recall_of_views as recall_of_views
from semcomp.plots.complementarity import by_depth as by_depth
from semcomp.plots.complementarity import excess_over_nulls as excess_over_nulls
from semcomp.plots.complementarity import gain_over_seeds as gain_over_seeds
from semcomp.plots.complementarity import oracles as oracles
from semcomp.plots.complementarity import overlap as overlap
from semcomp.plots.complementarity import strata as strata
from semcomp.plots.complementarity import where_hits_are as where_hits_are

# How vectors are related
from semcomp.plots.geometry import agreement as agreement
from semcomp.plots.probing import capacity as capacity
from semcomp.plots.probing import learning as learning
from semcomp.plots.probing import shift_table as shift_table
from semcomp.plots.decomposition import recall_of_parts as recall_of_parts
from semcomp.plots.decomposition import variance_shares as variance_shares
from semcomp.plots.hypothesis import hypothesis_path as hypothesis_path

# Colours and sizes
from semcomp.plots.style import BLUE as BLUE
from semcomp.plots.style import GREEN as GREEN
from semcomp.plots.style import GREY as GREY
from semcomp.plots.style import ORANGE as ORANGE
from semcomp.plots.style import ROLE as ROLE
from semcomp.plots.style import SKY as SKY
from semcomp.plots.style import VERMILION as VERMILION
from semcomp.plots.style import WIDTH as WIDTH
