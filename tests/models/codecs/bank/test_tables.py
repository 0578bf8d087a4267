"""Probability tables in integers."""

import numpy as np
import pytest
import torch

from gensc_models.codecs.bank import scales, tables


@pytest.mark.parametrize("level", [0, 3, 20, 40, 63])
def test_tables_are_the_likelihood_in_integers(level: int) -> None:
    counts = tables.latent_counts(level)
    limit = tables.limit_of_level(level)
    assert counts.sum() == tables.TOTAL
    assert counts.min() >= 1
    assert len(counts) == 2 * limit + 2
    assert (counts[:limit] == counts[limit + 1 : -1][::-1]).all()
    values = torch.arange(-limit, limit + 1.0, dtype=torch.float64)
    expected = torch.exp2(-scales.latent_bits(values, torch.full_like(values, float(level))))
    entropy = -(expected * torch.log2(torch.from_numpy(counts[:-1] / tables.TOTAL))).sum()
    ideal = -(expected * torch.log2(expected)).sum()
    assert entropy - ideal < max(0.001 * ideal, 1e-3)


def test_unusable_probabilities_are_refused() -> None:
    for wrong in ([0.5, -0.1], [np.nan, 1.0], [0.0, 0.0]):
        with pytest.raises(ValueError, match="probabilities"):
            tables.quantise_counts(np.array(wrong))
    with pytest.raises(ValueError, match="too many"):
        tables.quantise_counts(np.ones(tables.TOTAL))


def test_damaged_tables_are_noticed() -> None:
    made = tables.ProbabilityTables(2)
    made.fill(np.ones((2, 127)))
    assert len(made.latent_tables()) == 64
    made.latent[5] += 1
    with pytest.raises(ValueError, match="damaged"):
        made.latent_tables()
