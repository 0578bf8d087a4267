"""The rate that follows the channel: which operating point of the codec bank at which SNR."""
