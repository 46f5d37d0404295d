"""What two pages share stands here once."""
