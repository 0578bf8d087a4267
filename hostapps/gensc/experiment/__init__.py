"""The experiment engine: schemes × pictures × channels × SNR × CBR × seeds, to rows and figures.

* `scheme`: what is compared, and `schemes` all that there are;
* `ways`: what carries the symbols;
* `grid`: runs them all; `rows`: keeps what came out; `means`: averages with intervals;
* `figures`, `tables`, `base` (checks), `report`: shows it.
"""
