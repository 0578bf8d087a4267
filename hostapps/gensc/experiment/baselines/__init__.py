"""Classical transmission of images, as the learned codecs are compared with it."""
