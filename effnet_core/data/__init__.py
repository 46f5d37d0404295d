"""Photos and scenes to learn from: found, unpacked, checked, split, and made batches."""
