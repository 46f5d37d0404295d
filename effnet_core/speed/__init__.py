"""How fast a network can be made to run, the ways to run it, and what bounds them: the processor and the memory."""
