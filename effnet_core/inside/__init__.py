"""What happens inside a network on a picture: recorded, computed again by hand, and changed on purpose."""
