"""Rate tables, their control from the measured SNR, and the link back."""
