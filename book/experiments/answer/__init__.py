"""What the first page says over all data sets; every verdict is read from the page that owns it."""
