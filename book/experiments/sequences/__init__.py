"""Models of sequences: backbones, losses, starts from text, both masks, and beside other families."""
