"""What people ask about a network, answered by counting: plain Python, no tensor."""
