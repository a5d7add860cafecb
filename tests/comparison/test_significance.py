import numpy as np
import pytest
from scipy import stats

from skmnist.comparison._significance import (
    corrected_resampled_ttest,
    holm,
    mcnemar_exact,
    resampled_interval,
    wilson_interval,
)


def test_the_wilson_interval_agrees_with_newcombe_s_published_figures():
    """Newcombe, Statistics in Medicine 17 (1998), table I."""
    np.testing.assert_allclose(wilson_interval(81, 263), [0.2553, 0.3662], atol=5e-5)
    np.testing.assert_allclose(wilson_interval(15, 148), [0.0624, 0.1605], atol=5e-5)
    np.testing.assert_allclose(wilson_interval(0, 20), [0.0, 0.1611], atol=5e-5)
    np.testing.assert_allclose(wilson_interval(1, 29), [0.0061, 0.1718], atol=5e-5)


def test_the_corrected_t_is_the_plain_one_shrunk_by_nadeau_and_bengio_s_factor():
    first = np.array([0.951, 0.962, 0.948, 0.970, 0.955])
    second = np.array([0.940, 0.958, 0.951, 0.949, 0.943])
    plain = stats.ttest_rel(first, second).statistic
    shrunk = plain / np.sqrt(1 + 5 * 0.25)
    expected = 2 * stats.t.sf(abs(shrunk), df=4)
    assert corrected_resampled_ttest(first - second, 0.25) == pytest.approx(expected, rel=1e-12)


def test_without_a_share_of_test_data_the_corrected_test_is_student_s():
    differences = np.array([0.3, -0.1, 0.4, 0.2])
    expected = stats.ttest_1samp(differences, 0).pvalue
    assert corrected_resampled_ttest(differences, 0.0) == pytest.approx(expected, rel=1e-12)


def test_the_order_of_the_classifiers_does_not_change_p():
    differences = np.array([0.03, 0.01, -0.02])
    assert corrected_resampled_ttest(differences, 0.5) == corrected_resampled_ttest(
        -differences, 0.5
    )


def test_equal_folds_are_no_difference_and_a_constant_difference_is_certain():
    assert corrected_resampled_ttest(np.zeros(5), 0.25) == 1.0
    assert corrected_resampled_ttest(np.full(4, 0.25), 1 / 3) == 0.0


def test_the_interval_holds_what_the_test_does_not_reject():
    scores = np.array([0.91, 0.95, 0.93, 0.96, 0.92])
    for end in resampled_interval(scores, 0.25):
        assert corrected_resampled_ttest(scores - end, 0.25) == pytest.approx(0.05, rel=1e-9)


def test_the_interval_stays_between_0_and_1():
    assert resampled_interval([0.9, 1.0], 1.0) == (0.0, 1.0)


def test_mcnemar_s_test_is_the_binomial_test_of_the_discordant_samples():
    both, first, second, neither = 40, 12, 3, 5
    correct = [True] * (both + first) + [False] * (second + neither)
    other = [True] * both + [False] * first + [True] * second + [False] * neither
    expected = stats.binomtest(3, 15).pvalue
    assert mcnemar_exact(correct, other) == pytest.approx(expected, rel=1e-12)
    assert mcnemar_exact(other, correct) == pytest.approx(expected, rel=1e-12)
    # By hand: 2 * (C(15,0) + C(15,1) + C(15,2) + C(15,3)) / 2**15.
    assert expected == pytest.approx(2 * (1 + 15 + 105 + 455) / 2**15)


def test_classifiers_right_on_the_same_samples_do_not_differ():
    assert mcnemar_exact([True, False], [True, False]) == 1.0


def test_holm_agrees_with_r_s_p_adjust():
    """By R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")."""
    np.testing.assert_allclose(
        holm([0.01, 0.02, 0.03, 0.04, 0.05]), [0.05, 0.08, 0.09, 0.09, 0.09], rtol=1e-12
    )


def test_holm_keeps_the_order_given_and_never_exceeds_1():
    np.testing.assert_allclose(holm([0.9, 0.001, 0.6]), [1.0, 0.003, 1.0], rtol=1e-12)
    assert holm([]).shape == (0,)


def test_the_corrected_test_seldom_rejects_where_scores_are_equal_by_chance():
    """Two equal classifiers, folds as independent draws: the corrected test is conservative."""
    rng = np.random.default_rng(0)
    p = [corrected_resampled_ttest(rng.normal(size=10), 1 / 9) for _ in range(500)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05
