"""The token's file: for its owner only, kept over restarts, refused where others read it."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.receiver.dashboard.token import Token, token_of
from gensc.system.errors import UserError

GOOD = "a" * 22


def test_a_token_is_made_once_and_kept(tmp_path):
    path = tmp_path / "dashboard.token"
    made = token_of(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_of(path).cookie == made.cookie
    assert made.opens(path.read_text().strip())


def test_two_tokens_differ(tmp_path):
    assert token_of(tmp_path / "a").cookie != token_of(tmp_path / "b").cookie


def test_a_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "dashboard.token"
    token_of(path)
    path.chmod(0o644)
    with pytest.raises(UserError, match="mode 0644, others can read this token"):
        token_of(path)


@pytest.mark.parametrize("text", ["", "short", "a" * 21, "a" * 257, "ä" * 22, "a b" * 10])
def test_a_weak_token_is_refused_with_its_file(tmp_path, text):
    path = tmp_path / "dashboard.token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserError, match=r"dashboard\.token: a dashboard's token has 22 to 256"):
        token_of(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="No such file or directory"):
        token_of(tmp_path / "no" / "token")


@given(st.text())
def test_nothing_else_opens(text):
    token = Token(GOOD)
    assert token.opens(text) == (text == GOOD)
    assert not token.opens_by_cookie(text)


def test_the_cookie_opens_but_is_not_the_token():
    token = Token(GOOD)
    assert token.opens_by_cookie(token.cookie)
    assert not token.opens(token.cookie)
    assert GOOD not in repr(token)
