# What all weighted fusions are
from semcomp.fuse.mixture import Mixture as Mixture
