"""Texts become rows of word indices, as Keras's own tools of old made them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmnist._utils.backend import load_keras
from skmnist.datasets import fetch_imdb
from skmnist.text import TextSequencer


@pytest.fixture(scope="module")
def reviews():
    """A thousand real reviews, or a skip that says how to get them."""
    try:
        (texts, _), _ = fetch_imdb(download_if_missing=False)
    except OSError:
        pytest.skip("IMDB is not at hand: set SKMNIST_DATA to the folder that holds imdb/")
    return texts[::25]


TEXTS = ["The film: a GREAT film!", "It isn't great.<br /><br>Is it a film?", "", "Bore"]


def test_indices_follow_frequency_and_then_the_alphabet():
    sequencer = TextSequencer(output_sequence_length=8).fit(TEXTS)
    assert sequencer.vocabulary_ == {
        "film": 3,
        "a": 4,
        "great": 5,
        "it": 6,
        "bore": 7,
        "is": 8,
        "isn't": 9,
        "the": 10,
    }
    np.testing.assert_array_equal(
        sequencer.transform(TEXTS),
        np.array(
            [
                [0, 0, 1, 10, 3, 4, 5, 3],
                [1, 6, 9, 5, 8, 6, 4, 3],
                [0, 0, 0, 0, 0, 0, 0, 1],
                [0, 0, 0, 0, 0, 0, 1, 7],
            ],
            dtype=np.int32,
        ),
        strict=True,
    )


def test_a_long_text_keeps_its_end_without_the_start():
    indices = (
        TextSequencer(output_sequence_length=2).fit(["a b c"]).transform(["a b c", "a b", "a"])
    )
    assert indices.tolist() == [[4, 5], [3, 4], [1, 3]]


def test_every_index_is_under_max_words_and_other_words_are_unknown():
    sequencer = TextSequencer(max_tokens=5, output_sequence_length=4).fit(TEXTS)
    assert sequencer.vocabulary_ == {"film": 3, "a": 4}
    assert sequencer.transform(["a new film"]).tolist() == [[1, 4, 2, 3]]
    assert sequencer.transform(TEXTS).max() == 4


def test_a_vocabulary_that_is_given_is_that_of_the_sequencer_it_came_from():
    learned = TextSequencer(output_sequence_length=4).fit(TEXTS)
    given = TextSequencer(output_sequence_length=4, vocabulary=list(learned.vocabulary_)).fit(
        ["Other words"]
    )
    assert list(given.vocabulary_.items()) == list(learned.vocabulary_.items())
    np.testing.assert_array_equal(given.transform(TEXTS), learned.transform(TEXTS), strict=True)
    fewer = TextSequencer(max_tokens=5, vocabulary=np.array(["film", "a", "great"])).fit([])
    assert fewer.vocabulary_ == {"film": 3, "a": 4}


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], r"vocabulary=\[\]; expected words"),
        ("film", "The 'vocabulary' parameter of TextSequencer must be"),
        ({"film", "a"}, "The 'vocabulary' parameter of TextSequencer must be"),
        (["film", 3], "expected words in lower case"),
        (["Film"], "expected words in lower case"),
        (["a film"], "without spaces"),
        (["film", "a", "film"], "vocabulary holds 'film' more than once"),
    ],
)
def test_a_vocabulary_of_anything_but_distinct_words_is_refused(vocabulary, message):
    with pytest.raises(ValueError, match=message):
        TextSequencer(vocabulary=vocabulary).fit(TEXTS)


def test_the_order_of_the_texts_decides_nothing():
    words = [f"word{i}" for i in np.random.default_rng(0).permutation(100)]
    one = TextSequencer(max_tokens=50).fit(words)
    other = TextSequencer(max_tokens=50).fit(words[::-1])
    assert list(one.vocabulary_.items()) == list(other.vocabulary_.items())


def test_real_reviews_are_read_as_by_the_tokenizer_of_keras(reviews):
    load_keras()  # first, as it sets TensorFlow up
    from keras.src.legacy.preprocessing.text import Tokenizer
    from keras.utils import pad_sequences

    # To Keras, a space alone separates words.
    texts = [" ".join(text.replace("<br />", " ").split()) for text in reviews]
    tokenizer = Tokenizer(num_words=1000, oov_token="[unknown]")
    tokenizer.fit_on_texts(texts)
    frequent = sorted(tokenizer.word_counts.items(), key=lambda item: (-item[1], item[0]))
    tokenizer.word_index = {word: index for index, (word, _) in enumerate(frequent, start=3)}
    tokenizer.word_index["[unknown]"] = 2
    sequences = tokenizer.texts_to_sequences(texts)
    expected = pad_sequences([[1, *sequence] for sequence in sequences], maxlen=200)

    ours = TextSequencer(max_tokens=1000, output_sequence_length=200).fit_transform(reviews)

    np.testing.assert_array_equal(ours, expected, strict=True)


@pytest.mark.parametrize(
    "collect",
    [list, tuple, np.array, lambda t: np.array(t, dtype=object), pd.Series, pd.Index, iter],
    ids=["list", "tuple", "str array", "object array", "Series", "Index", "iterator"],
)
def test_any_collection_of_strings_will_do(collect):
    expected = TextSequencer(output_sequence_length=5).fit_transform(TEXTS)
    np.testing.assert_array_equal(
        TextSequencer(output_sequence_length=5).fit(TEXTS).transform(collect(TEXTS)), expected
    )
    np.testing.assert_array_equal(
        TextSequencer(output_sequence_length=5).fit(collect(TEXTS)).transform(TEXTS), expected
    )


def test_no_texts_become_no_rows():
    assert TextSequencer(output_sequence_length=5).fit(TEXTS).transform([]).shape == (0, 5)


def test_names_and_pandas_output():
    sequencer = TextSequencer(output_sequence_length=3).set_output(transform="pandas").fit(TEXTS)
    names = ["textsequencer0", "textsequencer1", "textsequencer2"]
    assert sequencer.get_feature_names_out().tolist() == names
    frame = sequencer.transform(pd.Series(TEXTS, index=list("abcd")))
    assert frame.columns.tolist() == names
    assert frame.index.tolist() == list("abcd")


def test_a_pickle_and_a_clone_do_the_same():
    sequencer = TextSequencer(max_tokens=8, output_sequence_length=5).fit(TEXTS)
    expected = sequencer.transform(TEXTS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(sequencer)).transform(TEXTS), expected)
    np.testing.assert_array_equal(clone(sequencer).fit(TEXTS).transform(TEXTS), expected)


# And back to words


def test_indices_become_words_again_without_padding_and_start():
    sequencer = TextSequencer(max_tokens=6, output_sequence_length=9).fit(TEXTS)
    assert list(sequencer.vocabulary_) == ["film", "a", "great"]
    assert sequencer.inverse_transform(sequencer.transform(TEXTS)) == [
        "[UNK] film a great film",
        "[UNK] [UNK] great [UNK] [UNK] a film",
        "",
        "[UNK]",
    ]


def test_where_every_word_is_known_and_fits_the_words_come_back(reviews):
    sequencer = TextSequencer(max_tokens=1_000_000, output_sequence_length=3000).fit(reviews)
    again = sequencer.inverse_transform(sequencer.transform(reviews))
    np.testing.assert_array_equal(sequencer.transform(again), sequencer.transform(reviews))
    assert again[0].split()[:3] == reviews[0].lower().split()[:3]


def test_a_text_of_unknown_words_is_read_again_as_it_was_shown(reviews):
    sequencer = TextSequencer(max_tokens=1000, output_sequence_length=200).fit(reviews)
    indices = sequencer.transform(reviews)
    whole = indices[:, 0] == 0  # of longer texts the beginning, and so the start mark, is lost
    again = sequencer.transform(sequencer.inverse_transform(indices[whole]))
    assert whole.sum() > 100
    np.testing.assert_array_equal(again, indices[whole], strict=True)


@pytest.mark.parametrize(
    "collect",
    [list, np.float64, pd.DataFrame, lambda rows: np.array(rows, dtype=object)],
    ids=["list", "floats", "DataFrame", "object array"],
)
def test_whole_numbers_of_any_kind_are_indices(collect):
    sequencer = TextSequencer().fit(TEXTS)
    assert sequencer.inverse_transform(collect([[0, 1, 3], [4, 3, 2]])) == ["film", "a film [UNK]"]


def test_no_rows_become_no_texts():
    sequencer = TextSequencer(output_sequence_length=5).fit(TEXTS)
    assert sequencer.inverse_transform(sequencer.transform([])) == []


BAD_INDICES = {
    "one row": ([1, 3, 4], r"Expected 2D array, got 1D array(.|\n)*reshape\(1, -1\)"),
    "over the last word": (
        [[1, 3], [4, 11]],
        "X holds 11 in row 1, column 1; expected whole numbers from 0 to 10",
    ),
    "negative": ([[1, -3]], "X holds -3 in row 0, column 1; expected whole numbers"),
    "a fraction": ([[1.5, 3]], "X holds 1.5 in row 0, column 0; expected whole numbers"),
    "missing": ([[np.nan, 3]], "Input X contains NaN"),
    "infinite": ([[np.inf, 3]], "Input X contains infinity"),
    "words": ([["a", "film"]], "dtype='numeric' is not compatible with arrays of bytes/strings"),
    "rows of several lengths": ([[1, 3], [4]], "inhomogeneous"),
}


@pytest.mark.parametrize(("bad", "message"), BAD_INDICES.values(), ids=BAD_INDICES)
def test_what_are_no_indices_is_refused(bad, message):
    sequencer = TextSequencer().fit(TEXTS)
    with pytest.raises(ValueError, match=message):
        sequencer.inverse_transform(bad)


# What is refused


BAD_TEXTS = {
    "a single string": ("a film", "X is 'a film'; expected several texts"),
    "bytes": (b"a film", "expected several texts"),
    "None": (None, "X is None; expected several texts"),
    "a number": (3, "X is 3; expected several texts"),
    "numbers": ([1, 2], "Text 0 of X is 1; expected a string"),
    "missing": (pd.Series(["a", None]), "Text 1 of X is (None|nan); expected a string"),
    "bytes among strings": (["a", b"b"], "Text 1 of X is b'b'; expected a string"),
    "a table": (pd.DataFrame({"text": TEXTS}), r"X has shape \(4, 1\); expected texts in one"),
    "a matrix": (np.array([TEXTS]), r"X has shape \(1, 4\); expected texts in one"),
}


@pytest.mark.parametrize(("bad", "message"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_what_is_no_text_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        TextSequencer().fit(bad)
    with pytest.raises(ValueError, match=message):
        TextSequencer().fit(TEXTS).transform(bad)


@pytest.mark.parametrize("empty", [[], ["", " "], ["<br />", "?!..."]])
def test_texts_without_a_word_are_refused_in_fit(empty):
    with pytest.raises(ValueError, match="empty vocabulary"):
        TextSequencer().fit(empty)


@pytest.mark.parametrize(
    "setting",
    [
        {"max_tokens": 3},
        {"max_tokens": 10.5},
        {"output_sequence_length": 0},
        {"output_sequence_length": "long"},
    ],
)
def test_a_bad_parameter_is_named_with_its_range(setting):
    (name,) = setting
    with pytest.raises(ValueError, match=f"The '{name}' parameter of TextSequencer must be an int"):
        TextSequencer(**setting).fit(TEXTS)


def test_an_unfitted_one_says_so():
    with pytest.raises(NotFittedError):
        TextSequencer().transform(TEXTS)
    with pytest.raises(NotFittedError):
        TextSequencer().inverse_transform([[1, 3]])


@pytest.mark.filterwarnings("ignore:Can't test estimator TextSequencer")
def test_scikit_learn_yields_for_it_what_it_yields_for_its_own_vectorizers():
    def names(estimator):
        checks = estimator_checks_generator(estimator)
        return [getattr(check, "func", check).__name__ for _, check in checks]

    with pytest.warns(match="Can't test estimator CountVectorizer"):
        expected = names(CountVectorizer())
    assert names(TextSequencer()) == expected
    for estimator, check in estimator_checks_generator(TextSequencer()):
        check(estimator)
