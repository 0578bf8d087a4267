"""Key files: tight modes, read back, and refused where others could read or change them."""

import os
import stat

import pytest
import zmq
import zmq.auth
from hypothesis import given
from hypothesis import strategies as st

from gensc.cli.main import run
from gensc.remote.keys import load_pair, load_public, load_trusted, make_keys
from gensc.system.errors import UserError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def pair(tmp_path):
    return make_keys(tmp_path / "receiver")


def test_only_its_owner_reads_a_secret_key_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        public, secret = make_keys(tmp_path / "a")
    finally:
        os.umask(before)
    assert (mode(public), mode(secret)) == (0o644, 0o600)


def test_what_was_made_is_read_back(pair):
    public, secret = pair
    keys = load_pair(secret)
    assert load_public(public) == keys.public == zmq.curve_public(keys.secret)


def test_zeromq_reads_the_files_itself(pair):
    public, secret = pair
    assert zmq.auth.load_certificate(secret) == (load_pair(secret).public, load_pair(secret).secret)
    assert zmq.auth.load_certificate(public) == (load_public(public), None)


def test_a_pair_holds_two_sockets_together_and_a_stranger_outside(tmp_path, pair):
    server, client = load_pair(pair[1]), load_pair(make_keys(tmp_path / "sender")[1])
    with zmq.Context() as context, context.socket(zmq.PULL) as pull:
        pull.curve_server, pull.curve_secretkey = True, server.secret
        port = pull.bind_to_random_port("tcp://127.0.0.1")
        with context.socket(zmq.PUSH) as stranger, context.socket(zmq.PUSH) as push:
            for socket in (stranger, push):
                socket.linger = 0
                socket.curve_publickey, socket.curve_secretkey = client.public, client.secret
            # A key of somebody else: the handshake with this server fails.
            stranger.curve_serverkey = load_pair(make_keys(tmp_path / "other")[1]).public
            push.curve_serverkey = server.public
            for socket in (stranger, push):
                socket.connect(f"tcp://127.0.0.1:{port}")
            stranger.send(b"stranger")
            push.send(b"friend")
            assert pull.poll(5000)
            assert pull.recv() == b"friend"
            assert not pull.poll(200)


def test_the_secret_key_is_in_no_repr(pair):
    keys = load_pair(pair[1])
    assert keys.secret.decode() not in repr(keys)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o610, 0o666])
def test_a_secret_key_that_others_could_use_is_refused(pair, bits):
    pair[1].chmod(bits)
    with pytest.raises(UserError, match=f"mode {bits:04o}, others can read this secret key"):
        load_pair(pair[1])


@pytest.mark.parametrize("bits", [0o664, 0o646])
def test_a_public_key_that_others_could_replace_is_refused(pair, bits):
    pair[0].chmod(bits)
    with pytest.raises(UserError, match="others can replace this key"):
        load_public(pair[0])


def test_keys_are_never_overwritten(pair, tmp_path):
    before = pair[1].read_bytes()
    with pytest.raises(UserError, match="never overwritten"):
        make_keys(tmp_path / "receiver")
    assert pair[1].read_bytes() == before


def test_nothing_is_left_of_half_a_pair(tmp_path):
    # The public key's name is taken by a link into nowhere: `exists` says no, O_EXCL does.
    (tmp_path / "b.key").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"b\.key: File exists"):
        make_keys(tmp_path / "b")
    assert not (tmp_path / "b.key_secret").exists()


def test_a_public_key_is_no_pair(pair):
    pair[0].chmod(0o600)
    with pytest.raises(UserError, match=r"a public key; the secret one is in \*\.key_secret"):
        load_pair(pair[0])


def test_two_halves_of_different_pairs_are_refused(tmp_path, pair):
    other = load_pair(make_keys(tmp_path / "other")[1])
    text = pair[1].read_text().replace(load_pair(pair[1]).secret.decode(), other.secret.decode())
    pair[1].write_text(text)
    with pytest.raises(UserError, match="do not belong together"):
        load_pair(pair[1])


def test_a_folder_of_keys_is_read_as_a_whole(tmp_path):
    trusted = tmp_path / "trusted"
    trusted.mkdir(mode=0o755)
    public = [make_keys(trusted / name)[0] for name in "ab"]
    assert load_trusted(trusted) == sorted(map(load_public, public))
    assert load_trusted([*public, trusted]) == load_trusted(trusted)


def test_a_folder_that_others_may_write_to_is_refused(tmp_path):
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    trusted.chmod(0o777)
    with pytest.raises(UserError, match="others can add keys to this folder"):
        load_trusted(trusted)


def test_a_folder_without_keys_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no \*\.key in this folder"):
        load_trusted(tmp_path)


@given(st.binary(max_size=300))
def test_no_file_that_is_none_is_taken_for_a_key(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("keys") / "x.key"
    path.write_bytes(b'public-key = "' + content)
    path.chmod(0o600)
    with pytest.raises(UserError, match=r"x\.key"):
        load_public(path)


def test_the_command_says_where_the_two_files_are(tmp_path, capsys):
    assert run(["keys", str(tmp_path / "receiver")]) == 0
    out = capsys.readouterr().out
    assert f"{tmp_path}/receiver.key: copy it to the other end" in out
    assert load_pair(tmp_path / "receiver.key_secret").secret.decode() not in out


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert run(["keys", str(tmp_path / "no" / "receiver")]) == 2
    err = capsys.readouterr().err
    assert "no/receiver.key_secret: No such file or directory" in err
    assert len(err.splitlines()) == 1
