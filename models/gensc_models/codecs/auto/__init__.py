"""The controller of the family: an analog code, the bank's bits, or a base with analog symbols."""
