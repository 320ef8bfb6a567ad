"""What of one view a map recovers from the other, and what neighbourhoods it keeps."""
