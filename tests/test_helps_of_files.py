"""What helps where a file cannot be read or written: one concrete step for each reason of the system's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from netdsl import analyse
from netdsl.diagnostics import shortened
from netdsl.diagnostics.files import inside, irregular, missing, no_text, unprinted, unread, unwritten


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs" / "deep").mkdir(parents=True)
    for name in ("resnet.net", "deep/vgg.net"):
        (tmp_path / "specs" / name).write_text("input 3x8x8\n", encoding="utf-8")
    (tmp_path / "a.svg").write_text("old", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "help"),
    [
        ("specs/resnt.net", "did you mean `specs/resnet.net`?"),
        ("specs/resnet", "did you mean `specs/resnet.net`?"),
        ("spec/resnet.net", "did you mean `specs/resnet.net`?"),
        ("specs/dep/vgg.net", "did you mean `specs/deep/vgg.net`?"),
        ("specs/dep/unet.net", "did you mean the folder `specs/deep`?"),
        ("specs/unet.net", "`specs` has `resnet.net`"),
        ("unet.net", "there are none"),
        ("nowhere/unet.net", "there is no folder `nowhere` in the current one"),
        ("specs/nowhere/unet.net", "there is no folder `nowhere` in `specs`"),
        ("a.svg/unet.net", "`a.svg` is a file, and no folder"),
    ],
)
def test_a_file_that_is_missing(path: str, help: str) -> None:
    assert missing(path, ".net", "there are none") == help


def test_a_missing_file_of_the_home_folder_a_link_and_a_folder_of_many(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    assert missing("~/a.svg", ".svg", "") == f"did you mean `{here / 'a.svg'}`?"
    for number in range(9):
        (here / f"net{number}.net").touch()
    assert missing("unet.net", ".net", "") == "`ls *.net` lists those that are there"
    assert missing("unet.pth", (".net", ".svg"), "") == "`ls .` lists what is there"
    assert len(inside(str(here), ".net")) == 9 and inside("none") == []
    if hasattr(os, "symlink"):
        os.symlink("gone.net", "link.net")
        assert missing("link.net", ".net", "") == f"it is a link to `{here.resolve() / 'gone.net'}`, which is not there"


@pytest.mark.parametrize(
    ("number", "help"),
    [
        (errno.EACCES, "it needs read permission: `chmod u+r a.svg`"),
        (errno.ELOOP, "its links lead in a circle: `ls -l a.svg` shows where the first leads"),
        (errno.ENAMETOOLONG, "a name has at most 255 bytes, and a path some 4,000: a shorter one"),
        (errno.ENXIO, "it is a socket: name a file on a disk"),
        (errno.EMFILE, "too many files are open: close some, or `ulimit -n 4096` allows more"),
        (errno.EIO, "copy it to a disk of this machine, `cp a.svg COPY`, and name the copy"),
    ],
)
def test_a_file_that_cannot_be_read(number: int, help: str) -> None:
    assert unread("a.svg", OSError(number, "no")) == help


@pytest.mark.parametrize(
    ("path", "number", "help"),
    [
        ("a.svg", errno.ENOSPC, "`df -h .` shows what is left there: free space, or write to another disk"),
        ("specs/a.svg", errno.ENOSPC, "`df -h specs` shows what is left there: free space, or write to another disk"),
        ("a.svg", errno.EROFS, "the disk of `.` is read-only: write to another, such as `~/a.svg`"),
        ("new.svg", errno.EACCES, "`chmod u+w .` lets files be made in it, or name another folder"),
        ("specs", errno.EISDIR, "name a file in it: `specs/NAME`"),
        ("none/a.svg", errno.ENOENT, "`mkdir -p none` makes the folder"),
        ("spec/resnet.net", errno.ENOENT, "did you mean the folder `specs`?"),
        ("a.svg/b.svg", errno.ENOTDIR, "`a.svg` is a file, and no folder"),
        ("a.svg", errno.ENXIO, "nobody reads this pipe: begin with its reader, such as `cat a.svg > COPY`"),
        ("a.svg", errno.ENAMETOOLONG, "a name has at most 255 bytes, and a path some 4,000: a shorter one"),
        ("a.svg", errno.EIO, "write it elsewhere, such as to `~/a.svg`, and move it from there"),
        ("it's.svg", errno.ENOSPC, "`df -h .` shows what is left there: free space, or write to another disk"),
        ("it's/a.svg", errno.ENOENT, "`mkdir -p 'it'\"'\"'s'` makes the folder"),
    ],
)
def test_a_file_that_cannot_be_written(path: str, number: int, help: str) -> None:
    assert unwritten(path, OSError(number, "no")) == help


def test_what_an_earlier_run_left_and_a_standard_output() -> None:
    left = OSError(errno.EEXIST, "there", ".netdsl-7.tmp")
    assert unwritten("a.svg", left) == "an earlier run left it behind: `rm .netdsl-7.tmp`"
    assert "the disk is full" in unprinted(OSError(errno.ENOSPC, "full"))
    assert "`> FILE`" in unprinted(OSError(errno.EBADF, "closed"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_written_to_unless_it_is_asked_for() -> None:
    os.mkfifo("p.svg")
    assert irregular("p.svg", os.stat("p.svg").st_mode).startswith("it is a pipe: `cat p.svg > COPY`")
    assert unwritten("p.svg", OSError("it is no regular file")) == (
        "a pipe or a device has that name: name another, such as `new-p.svg`"
    )


@pytest.mark.parametrize(
    ("data", "help"),
    [
        (b"\x89PNG\r\n", "it is a picture"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"PK\x03\x04", "`netdsl weights check SPEC CHECKPOINT`"),
        (b"\x1f\x8b\x08", "`gunzip` unpacks it"),
        ("input 3x8x8\n".encode("utf-16"), "`iconv -f UTF-16 -t UTF-8 OLD > NEW`"),
        ("input 3x8x8\n".encode("utf-16-le"), "`iconv -f UTF-16LE -t UTF-8 OLD > NEW`"),
        ("input 3x8x8\n".encode("utf-16-be"), "`iconv -f UTF-16BE -t UTF-8 OLD > NEW`"),
        (b"input 3x8x8\nrelu\0\n", "the first NUL is in line 2"),
        ("input 3x8x8\n# Hé\n".encode("latin-1"), "in line 2 it is `é` of Latin-1"),
        (b"\x80\x02\x8a\n", "it is a pickle, as old checkpoints are: `netdsl weights check SPEC CHECKPOINT`"),
        (b'\x40\0\0\0\0\0\0\0{"a": {}}', "it is a checkpoint of safetensors"),
        (b"input 3x8x8\n\x81\n", "it is in line 2: save the file as UTF-8"),
        (b"\x01\x02\xff\x03", "`file` says what a file is"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, help: str) -> None:
    assert help in no_text(data)


def test_a_checkpoint_in_the_place_of_a_spec_is_named_though_it_is_long(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(b"PK\x03\x04" + bytes(600_000))
    (problem,) = analyse(tmp_path / "net.pth").errors
    assert problem.code == "ND007" and "takes the spec first" in problem.help


def test_helps_stay_short_whatever_the_name() -> None:
    name = "x" * 9_000
    for said in (
        missing(f"{name}/a.net", ".net", ""),
        unread(name, OSError(errno.EIO, "no")),
        unwritten(f"{name}/a.svg", OSError(errno.ENOENT, "no")),
        unwritten(name, OSError(errno.EIO, "no")),
    ):
        assert len(said) < 300 and said.count("`") % 2 == 0
    assert shortened("abcdef", 6) == "abcdef" and shortened("abcdefg", 6) == "abc…fg"
