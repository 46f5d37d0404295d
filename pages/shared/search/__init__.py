"""The two halves of the Search page: combinations that are counted at once, and candidates that are trained in a process of their own."""
