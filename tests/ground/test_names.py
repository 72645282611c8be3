"""Names made comparable."""

from __future__ import annotations

import numpy as np
import pytest

from gridmap.ground.names import as_texts, community_stem, plain_name


@pytest.mark.parametrize(("a", "b"), [("阳光 花园", "阳光花园"), ("ＡＢ座", "ab座"), ("一期（北）", "一期(北)"), ("1—2", "1-2")])
def test_same_name(a, b):
    assert plain_name(a) == plain_name(b)


def test_dashes_tell_names_apart():
    assert plain_name("1-11") != plain_name("11-1")


@pytest.mark.parametrize(("name", "stem"), [("崂山三村社区", "崂山三村"), ("和平社区居委会", "和平"), ("东社区", None)])
def test_stem_of_a_community(name, stem):
    assert community_stem(name) == stem


def test_texts_of_ids():
    assert as_texts(np.array(["007", 7.0, 7, 7.5, np.nan, None, " "], dtype=object)).tolist() == ["007", "7", "7", "7.5", None, None, None]
