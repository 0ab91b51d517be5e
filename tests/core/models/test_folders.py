"""Which folders of models may be used, and that odd ones are refused instead of read without end."""

import os
import socket
import time

import pytest

from core.errors import ModelError
from core.models import folders
from core.models.folders import check_folder, is_folder, weight_files
from core.models.registry import load_embedder


@pytest.fixture
def model(tmp_path):
    """A folder that looks like a model's."""
    folder = tmp_path / "allowed" / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    for name in ("config.json", "modules.json", "1_Pooling/config.json", "model.safetensors", "README.md"):
        (folder / name).write_text("{}")
    return folder


def special_file(kind, path):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        socket.socket(socket.AF_UNIX).bind(str(path))


def test_only_files_that_decide_the_vectors_are_listed(model):
    (model / "model.bin").symlink_to(model / "model.safetensors")  # as in the hub's cache
    (model / "lost.json").symlink_to(model / "nowhere")
    names = ["1_Pooling/config.json", "config.json", "model.bin", "model.safetensors", "modules.json"]
    assert [path.relative_to(model).as_posix() for path in weight_files(model)] == names


def test_links_in_a_circle_end(model):
    (model / "again").symlink_to(model)
    (model / "self.json").symlink_to(model / "self.json")
    (model / "1_Pooling" / "up").symlink_to("..")
    assert len(weight_files(model)) == 4


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
@pytest.mark.parametrize("name", ["weights.bin", "config.json", "1_Pooling/x.dat"])
def test_special_files_are_refused_at_once(model, kind, name, monkeypatch):
    monkeypatch.chdir(model)  # a socket's path is short
    (model / name).unlink(missing_ok=True)
    special_file(kind, (model / name).relative_to(model))
    started = time.monotonic()
    with pytest.raises(ModelError, match="is a pipe, a device or the like"):
        weight_files(model)
    with pytest.raises(ModelError):
        load_embedder(str(model))
    assert time.monotonic() - started < 30


def test_endless_folders_are_refused(model, monkeypatch):
    monkeypatch.setattr(folders, "MAX_FILES", 50)
    for number in range(60):
        (model / f"{number}.md").touch()
    with pytest.raises(ModelError, match="more than 50 files"):
        weight_files(model)
    with pytest.raises(ModelError, match="holds no model"):
        weight_files(model.parent)  # nothing below is looked at


def test_only_listed_folders_may_be_used(model, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = model.parent / "link"
    link.symlink_to(elsewhere)
    listed = [model.parent]
    assert check_folder(str(model), False, listed) == str(model.resolve())
    outside = [elsewhere, link, model / ".." / ".." / "elsewhere", tmp_path / "missing"]
    refused = [*outside, model / "missing", "a\0b", "~nobody/x"]
    messages = set()
    for path in refused:
        with pytest.raises(ModelError) as caught:
            check_folder(str(path), False, listed)
        messages.add((caught.value.message, caught.value.remedy))
    assert len(messages) == 1  # nobody learns which folders there are


def test_hub_names_pass_unless_they_are_folders(model, monkeypatch):
    assert check_folder("intfloat/multilingual-e5-small", True, ()) == "intfloat/multilingual-e5-small"
    assert check_folder(str(model), False, None) == str(model)
    monkeypatch.chdir(model.parent.parent)
    assert is_folder("allowed/model")
    with pytest.raises(ModelError):
        check_folder("allowed/model", True, ())
