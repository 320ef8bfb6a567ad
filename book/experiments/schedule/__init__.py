"""Whether a falling learning rate needs fewer epochs, chosen on validation."""
