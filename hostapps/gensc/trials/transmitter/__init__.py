"""`gensc bench transmitter`: the service under kills, and how near it comes to an oracle."""
