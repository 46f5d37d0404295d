"""Learning: recipes, the steps themselves, in one process or several, how well and how fast it goes, and what it leaves on disk."""
