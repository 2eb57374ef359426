"""The common format of means and standard deviations of a feature."""

from __future__ import annotations

import numpy as np
import pytest

from gmmx.contract.tables import number_format


@pytest.mark.parametrize("ratio", [1.0, 10.0, 1e4, 1e6])
@pytest.mark.parametrize("smallest", [0.05, 3.0, 12_345.0])
def test_each_number_has_four_digits_of_the_smallest_deviation(smallest, ratio):
    means = np.array([0.123 * smallest, 1.5 * smallest * ratio])
    deviations = smallest * np.array([1.0, ratio])
    kind = number_format(means, deviations)
    for number in (*means, *deviations):
        assert float(format(number, kind)) == pytest.approx(number, abs=smallest * 5e-4)


@pytest.mark.parametrize("smallest", [0.0, 1e-300, 1e-12, 1e-7])
@pytest.mark.parametrize("largest", [1.0, 7e5])
def test_a_collapsed_deviation_makes_no_long_numbers(smallest, largest):
    means, deviations = np.array([0.5, -largest]), np.array([smallest, largest])
    kind = number_format(means, deviations)
    for number in (*means, *deviations):
        text = format(number, kind)
        assert sum(character.isdigit() for character in text) <= 12
        assert float(text) == pytest.approx(number, abs=largest * 5e-4)


def test_means_far_from_zero_keep_the_digits_of_the_deviations():
    means, deviations = np.array([1.23456789e11, 5.0]), np.array([0.25, 4.0])
    text = format(means[0] + 0.125, number_format(means, deviations))
    assert float(text) == pytest.approx(means[0] + 0.125, abs=5e-3)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_numbers_of_unusual_size_have_an_exponent(scale):
    means, deviations = np.array([1.2345, 2.0]) * scale, np.array([1.0, 3.0]) * scale
    text = format(means[0], number_format(means, deviations))
    assert float(text) == pytest.approx(means[0], rel=1e-3)
    assert len(text) <= 10
