"""Image codecs: the contract, and one room for each family."""
