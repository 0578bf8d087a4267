"""How figures are drawn: style, charts, grids of pictures."""
