"""A photo codec small enough to train and store in a test."""

from gensc_models.codecs.photo.network import JsccConfig

SMALL = JsccConfig(
    encoder_width_8=8,
    encoder_depth_8=1,
    encoder_width_16=8,
    encoder_depth_16=1,
    decoder_width_16=8,
    decoder_depth_16=1,
    decoder_width_8=8,
    decoder_depth_8=1,
    decoder_width_4=4,
    decoder_depth_4=1,
    condition=8,
)
