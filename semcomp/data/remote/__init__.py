"""Remote files over HTTP: downloads that resume, partial files, checksums, archives."""
