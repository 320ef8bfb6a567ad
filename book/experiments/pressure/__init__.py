"""Every alignment method over one backbone, under rising pressure, beside plain sums and controls."""
