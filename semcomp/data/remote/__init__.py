"""Files of others, over HTTP: downloads that resume, partial files, checksums, archives."""
