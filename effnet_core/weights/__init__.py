"""Files of weights that others have made: which are published, what is in a file, and how its tensors become ours."""
