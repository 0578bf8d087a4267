"""What a transmitter that knows the SNR would send."""

from gensc.adapt.oracle import Oracle
from rate_tables import table
from small_hyperprior import photo

PHOTO = photo(64, 96)


def test_the_oracle_knows_the_snr_and_codes_each_image_by_a_row_once():
    class Encoder:
        coded = 0

        def encode(self, image, point, alpha, budget_bits):
            self.coded += 1
            return type("Sent", (), {"gvif": 1.0 / point, "fits": budget_bits < 20_000})

    encoder, found = Encoder(), table()
    oracle = Oracle(found, encoder, [PHOTO])
    assert oracle.gvif(0, 10.5) == oracle.gvif(0, 10.9) == 1.0 / found.at(10).point
    assert encoder.coded == 1
    assert oracle.gvif(0, 25.0) == 0.0  # what would be late brings nothing
