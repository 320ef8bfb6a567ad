"""Page 9: every view on every data set, next to RecBole's models and what others report."""
