"""One burst of one user: frame, detection, estimation, tracking, demodulation, fragments."""
