"""Which files of a folder are a job's source or data."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.local_files import data_files, source_files
from components.training_job import source_control
from tests.raw_settings import problems, project_in, stack

LEFTOVERS = [
    *(".train.py.swp", ".train.py.swo", "train.py.swp", "train.py~", ".#train.py", "#train.py#"),
    *(".DS_Store", "._train.py", "train.pyc", "package/.model.py.swn", ".nfs000000000001"),
    *(".source/ab12/source.tar.gz", ".local/state.json", "Pulumi.yaml", "Pulumi.dev.yaml"),
    *(".gitignore", "package/.gitkeep", ".github/workflows/test.yml"),
    *(".git/config", "package/.git/HEAD", "__pycache__/train.pyc", ".venv/bin/python"),
    *(".idea/workspace.xml", ".vscode/settings.json", ".ipynb_checkpoints/train.py"),
    *(".mypy_cache/a", ".pytest_cache/a", ".ruff_cache/a", "node_modules/a/index.js", "4913"),
]
"""What people and tools leave in a folder; the files are empty."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "package").mkdir(parents=True)
    (root / "train.py").write_text("print('train')\n")
    (root / "package" / "model.py").write_text("x = 1\n")
    return root


@pytest.fixture
def repository(folder: Path) -> Path:
    """The same folder as a Git repository, which tracks its files."""
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    return folder


def git(folder: Path, *arguments: str | Path) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    trust = ("-c", "protocol.file.allow=always")
    subprocess.run(
        ["git", "-C", folder, *identity, *trust, *arguments], check=True, capture_output=True
    )


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def source(folder: Path) -> list[str]:
    found = source_files(folder)
    assert found.problems == []
    return list(found.files)


def data(folder: Path) -> list[str]:
    found = data_files(folder)
    assert found.problems == []
    return list(found.files)


@pytest.mark.parametrize("names", [source, data])
@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_what_people_and_tools_leave_behind_never_counts(
    folder: Path, names: Callable[[Path], list[str]], leftover: str
) -> None:
    put(folder, leftover)
    assert names(folder) == ["package/model.py", "train.py"]


@pytest.mark.parametrize("leftover", [each for each in LEFTOVERS if ".git/" not in each])
def test_what_tools_leave_behind_does_not_count_even_where_git_tracks_it(
    repository: Path, leftover: str
) -> None:
    put(repository, leftover)
    assert source(repository) == ["package/model.py", "train.py"]
    git(repository, "add", "--force", leftover)
    assert source(repository) == ["package/model.py", "train.py"]


@pytest.mark.parametrize("name", ["venv", "package/env"])
def test_a_virtual_environment_does_not_count_under_any_name(folder: Path, name: str) -> None:
    put(folder, f"{name}/pyvenv.cfg", f"{name}/lib/site.py", f"{name}ironment.py")
    assert f"{name}ironment.py" in source(folder)
    assert not any(each.startswith(f"{name}/") for each in source(folder))


def test_data_may_have_the_names_of_what_is_only_sometimes_left_behind(folder: Path) -> None:
    put(folder, "class/4913/1.png", "env/a.csv", "build/b.csv", "notes.txt", ".hidden")
    (folder / "class" / "4913" / "4913").write_text("not empty")
    assert {"class/4913/1.png", "class/4913/4913", "env/a.csv", "build/b.csv", ".hidden"} <= set(
        data(folder)
    )


def test_the_source_in_a_repository_is_what_git_tracks_and_what_is_new(repository: Path) -> None:
    (repository / ".gitignore").write_text("outputs/\n*.log\n")
    put(repository, "new.py", "outputs/model.bin", "train.log")
    assert source(repository) == ["new.py", "package/model.py", "train.py"]
    assert source(repository / "package") == ["model.py"]


def test_data_that_git_ignores_are_data(repository: Path) -> None:
    (repository / ".gitignore").write_text("data/\n")
    put(repository, "data/train.csv", "data/.part.csv.swp")
    assert data(repository / "data") == ["train.csv"]


def test_a_source_folder_that_git_ignores_as_a_whole_is_packed_as_outside_of_a_repository(
    repository: Path,
) -> None:
    (repository / ".gitignore").write_text("generated/\n")
    put(repository, "generated/train.py", "generated/.train.py.swp")
    assert source(repository / "generated") == ["train.py"]


def test_a_file_that_was_deleted_is_no_source_though_git_still_tracks_it(repository: Path) -> None:
    (repository / "train.py").unlink()
    assert source(repository) == ["package/model.py"]


def test_files_that_a_sparse_checkout_leaves_out_are_no_source(repository: Path) -> None:
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "sparse-checkout", "set", "--no-cone", "/train.py")
    assert source(repository) == ["train.py"]


def test_odd_names_are_found_whatever_git_would_make_of_them(repository: Path) -> None:
    git(repository, "config", "core.quotePath", "true")
    names = ["größe.py", "with space.py", 'quote".py', "tab\tname.py", "-n.py"]
    put(repository, *names)
    git(repository, "add", "größe.py")
    assert set(names) < set(source(repository))


def test_a_file_in_conflict_is_packed_once(repository: Path) -> None:
    git(repository, "commit", "--quiet", "-m", "first")
    for branch, text in {"one": "1", "two": "2"}.items():
        git(repository, "checkout", "--quiet", "-b", branch, "HEAD" if branch == "one" else "@{-1}")
        (repository / "train.py").write_text(text)
        git(repository, "commit", "--quiet", "--all", "-m", branch)
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "one")
    assert source(repository) == ["package/model.py", "train.py"]


def test_the_files_of_a_submodule_and_of_a_clone_inside_are_source(
    repository: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    put(other, "lib.py")
    git(other, "init", "--quiet")
    git(other, "add", ".")
    git(other, "commit", "--quiet", "-m", "first")
    git(repository, "submodule", "add", "--quiet", other, "submodule")
    git(repository, "clone", "--quiet", other, "clone")
    put(repository, "clone/new.py", "submodule/.lib.py.swp")
    found = source(repository)
    assert {"clone/lib.py", "clone/new.py", "submodule/lib.py"} <= set(found)
    assert not any(".swp" in name for name in found)


def test_a_worktree_is_a_repository(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    git(repository, "add", ".gitignore")
    git(repository, "commit", "--quiet", "-m", "first")
    git(repository, "worktree", "add", "--quiet", tmp_path / "tree")
    put(tmp_path / "tree", "train.log", "new.py")
    assert source(tmp_path / "tree") == ["new.py", "package/model.py", "train.py"]


def test_a_hook_that_runs_an_update_does_not_lead_git_to_its_own_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    put(repository, "train.log")
    before = source(repository)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert source(repository) == before


def test_a_checkout_without_its_repository_is_the_same_source(
    repository: Path, tmp_path: Path
) -> None:
    put(repository, *(each for each in LEFTOVERS if ".git/" not in each))
    git(repository, "add", "--force", ".")
    in_repository = source(repository)
    assert in_repository == ["package/model.py", "train.py"]
    (repository / ".git").rename(tmp_path / "away")
    assert source(repository) == in_repository


def test_a_repository_without_git_is_refused_and_not_packed_as_another_source(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = source_files(repository)
    assert found.files == {}
    [problem] = found.problems
    assert "Git is not installed" in problem.rule
    (repository / ".git").rename(tmp_path / "away")
    assert source(repository) == ["package/model.py", "train.py"]


def test_a_repository_that_git_does_not_trust_is_refused_with_what_git_says(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is told to take every repository for somebody else's, as its own tests do."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr(source_control, "_trust", lambda _: [])
    [problem] = source_files(repository).problems
    assert "dubious ownership" in problem.rule
    assert f"git -C {repository} status" in problem.remedy


def test_the_repository_of_the_programs_owner_is_trusted(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert source(repository) == ["package/model.py", "train.py"]
    if Path(source_control.__file__).stat().st_uid == os.geteuid() == 0:
        os.chown(repository / ".git", 1000, 1000)
        assert "dubious ownership" in source_files(repository).problems[0].rule


def test_a_broken_repository_is_refused(repository: Path) -> None:
    (repository / ".git" / "index").write_text("broken")
    [problem] = source_files(repository).problems
    assert "index" in problem.rule


@pytest.mark.parametrize("ignored", [False, True])
def test_a_source_without_files_is_refused(repository: Path, ignored: bool) -> None:
    (repository / "empty").mkdir()
    if ignored:
        put(repository, "empty/train.py")
        (repository / ".gitignore").write_text("empty/*\n")
    [problem] = source_files(repository / "empty").problems
    assert "no file that counts" in problem.rule


def test_a_script_that_git_ignores_is_refused_as_it_would_not_travel(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    git(project, "init", "--quiet")
    assert problems(stack(), project) == {}
    put(project, "src/model.py")
    (project / ".gitignore").write_text("train.py\n")
    found = problems(stack(), project)
    assert list(found) == ["jobs.digits.source.entryPoint"]
    assert "Git ignores it" in found["jobs.digits.source.entryPoint"].rule


@pytest.mark.parametrize("script", ["train.py", "./train.py", "package/../train.py"])
def test_a_script_may_be_written_in_several_ways(tmp_path: Path, script: str) -> None:
    project = project_in(tmp_path)
    put(project, "src/package/model.py")
    assert problems(stack({"source": {"dir": "src", "entryPoint": script}}), project) == {}
