"""The search for α, β and γ: all of a grid at once by counting, and a few of them by short trainings that several processes can share."""
