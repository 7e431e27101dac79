"""Which files of a folder are a job's source or data."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.problems import report
from components.training_job.code_channel import source_control
from components.training_job.code_channel.local_files import LocalFiles, data_files, source_files
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


def source(folder: Path, project: Path | None = None) -> list[str]:
    found = source_files(folder, project or folder)
    assert found.problems == []
    return list(found.files)


def data(path: Path, project: Path | None = None) -> list[str]:
    found = data_files(path, project or path)
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


def test_odd_names_are_found_however_git_prints_them(repository: Path) -> None:
    git(repository, "config", "core.quotePath", "true")
    names = ["größe.py", "with space.py", 'quote".py', "back\\slash.py", "-n.py"]
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
    found = source_files(repository, repository)
    assert found.files == {}
    [problem] = found.problems
    assert "Git is not installed" in problem.rule
    (repository / ".git").rename(tmp_path / "away")
    assert source(repository) == ["package/model.py", "train.py"]


def test_a_repository_that_git_does_not_trust_is_refused_with_what_git_says(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git treats every repository as that of another user, as in its own tests."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr(source_control, "_trust", lambda _: [])
    [problem] = source_files(repository, repository).problems
    assert "dubious ownership" in problem.rule
    assert f"git -C {repository} status" in problem.remedy


def test_the_repository_of_the_programs_owner_is_trusted(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert source(repository) == ["package/model.py", "train.py"]
    if Path(source_control.__file__).stat().st_uid == os.geteuid() == 0:
        os.chown(repository / ".git", 1000, 1000)
        assert "dubious ownership" in source_files(repository, repository).problems[0].rule


def test_a_broken_repository_is_refused(repository: Path) -> None:
    (repository / ".git" / "index").write_text("broken")
    [problem] = source_files(repository, repository).problems
    assert "index" in problem.rule


@pytest.mark.parametrize("ignored", [False, True])
def test_a_source_without_files_is_refused(repository: Path, ignored: bool) -> None:
    (repository / "empty").mkdir()
    if ignored:
        put(repository, "empty/train.py")
        (repository / ".gitignore").write_text("empty/*\n")
    [problem] = source_files(repository / "empty", repository).problems
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


EACH = pytest.mark.parametrize("files", [source_files, data_files])
Finder = Callable[[Path, Path], LocalFiles]


def refused(files: Finder, folder: Path, project: Path) -> str:
    """The only problem, in words."""
    [problem] = files(folder, project).problems
    return f"{problem.value}: {problem.rule}; {problem.remedy}"


@EACH
@pytest.mark.parametrize("in_git", [False, True])
def test_links_are_followed_inside_the_checkout(
    tmp_path: Path, folder: Path, files: Finder, in_git: bool
) -> None:
    put(tmp_path, "shared/images/1.png", "shared/images/.1.png.swp", "shared/words.txt")
    (folder / "images").symlink_to("../shared/images")
    (folder / "package" / "words.txt").symlink_to(tmp_path / "shared" / "words.txt")
    (tmp_path / "shared" / "images" / "more").symlink_to("../../source/package")
    if in_git:
        git(tmp_path, "init", "--quiet")
    found = files(folder, tmp_path)
    assert found.problems == []
    assert {name: path.relative_to(tmp_path).as_posix() for name, path in found.files.items()} == {
        "images/1.png": "shared/images/1.png",
        "images/more/model.py": "source/package/model.py",
        "images/more/words.txt": "shared/words.txt",
        "package/model.py": "source/package/model.py",
        "package/words.txt": "shared/words.txt",
        "train.py": "source/train.py",
    }


def test_behind_a_link_git_says_as_well_what_is_source(tmp_path: Path, folder: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("*.log\nvocabularies/\n")
    put(tmp_path, "lib/a.py", "lib/a.log", "vocabularies/words.txt", "vocabularies/new.log")
    (folder / "lib").symlink_to("../lib")
    (folder / "words").symlink_to("../vocabularies")
    assert source(folder, tmp_path) == [
        *("lib/a.py", "package/model.py", "train.py", "words/new.log", "words/words.txt"),
    ]


def test_a_link_to_another_part_of_the_repository_stays_in_the_checkout(
    tmp_path: Path, folder: Path
) -> None:
    put(tmp_path, "lib/a.py", "infrastructure/Pulumi.yaml")
    (folder / "lib").symlink_to("../lib")
    assert "leads out of" in refused(source_files, folder, tmp_path / "infrastructure")
    git(tmp_path, "init", "--quiet")
    assert "lib/a.py" in source(folder, tmp_path / "infrastructure")


def test_a_home_folder_in_git_is_not_the_checkout_of_the_projects_that_it_ignores(
    tmp_path: Path, folder: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("*\n")
    put(tmp_path, ".ssh/id_rsa")
    (folder / "key").symlink_to(tmp_path / ".ssh" / "id_rsa")
    assert "leads out of" in refused(source_files, folder, folder)


@EACH
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_leads_out_of_the_checkout_is_refused(
    tmp_path: Path, folder: Path, files: Finder, kind: str
) -> None:
    put(tmp_path, "private/key")
    target = tmp_path / "private" / ("key" if kind == "file" else "")
    (folder / "package" / "key").symlink_to(target)
    message = refused(files, folder, folder)
    assert message.startswith("package/key: is a link that leads out of")
    assert str(target) in message
    # Of data, what Git ignores counts.
    assert ("have Git ignore it" in message) == (files is source_files)
    assert "key" not in "".join(files(folder, folder).files)


@EACH
def test_a_link_that_leads_out_through_another_is_refused(tmp_path: Path, files: Finder) -> None:
    put(tmp_path, "project/shared/a.py", "private/key")
    (tmp_path / "project" / "shared" / "key").symlink_to(tmp_path / "private" / "key")
    (tmp_path / "project" / "src").mkdir()
    (tmp_path / "project" / "src" / "shared").symlink_to("../shared")
    message = refused(files, tmp_path / "project" / "src", tmp_path / "project")
    assert message.startswith("shared/key: is a link that leads out of")


@pytest.mark.parametrize("inside", [True, False])
def test_a_link_in_the_place_of_a_folder_that_git_tracks_is_a_link(
    repository: Path, tmp_path: Path, inside: bool
) -> None:
    other = repository / "other" if inside else tmp_path / "other"
    (repository / "package").rename(other)
    put(other, "new.py")
    (repository / "package").symlink_to(other)
    if inside:
        there = ["other/model.py", "other/new.py", "package/model.py", "package/new.py"]
        assert source(repository) == [*there, "train.py"]
    else:
        message = refused(source_files, repository, repository)
        assert message.startswith("package: is a link that leads out of")
        assert list(source_files(repository, repository).files) == ["train.py"]


@EACH
def test_a_folder_that_the_settings_name_may_be_a_link_itself(
    tmp_path: Path, folder: Path, files: Finder
) -> None:
    (folder / "inner").symlink_to("package")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "named").symlink_to(folder)
    found = files(tmp_path / "project" / "named", tmp_path / "project")
    assert found.problems == []
    assert list(found.files) == ["inner/model.py", "package/model.py", "train.py"]


@EACH
@pytest.mark.parametrize("target", [".", "..", "package", "other"])
def test_a_link_to_a_folder_that_it_lies_in_is_refused(
    tmp_path: Path, folder: Path, files: Finder, target: str
) -> None:
    (folder / "package" / "again").symlink_to(folder / target)
    if target == "other":
        (folder / "other").mkdir()
        (folder / "other" / "back").symlink_to("../package")
    found = files(folder, tmp_path)
    assert found.problems
    assert {each.rule for each in found.problems} == {
        "is a link to a folder that it lies in itself"
    }


@EACH
@pytest.mark.parametrize("target", ["nowhere", "loop"])
def test_a_link_that_leads_nowhere_is_refused(folder: Path, files: Finder, target: str) -> None:
    (folder / "loop").symlink_to(target)
    assert refused(files, folder, folder).startswith("loop: is a link that leads nowhere, to ")


@EACH
@pytest.mark.parametrize("target", [".source", ".git/hooks"])
def test_a_link_to_a_folder_that_is_never_packed_is_refused(
    repository: Path, files: Finder, target: str
) -> None:
    put(repository, f"{target}/file")
    (repository / "package" / "made").symlink_to(repository / target)
    message = refused(files, repository, repository)
    assert message.startswith(f"package/made: is a link to {target}, which is never packed")


@EACH
def test_a_leftover_may_be_a_link_to_anywhere(folder: Path, files: Finder) -> None:
    (folder / ".venv").symlink_to("/usr")
    (folder / ".#train.py").symlink_to("somebody@somewhere.123")
    assert list(files(folder, folder).files) == ["package/model.py", "train.py"]


def test_what_is_neither_a_file_nor_a_folder_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for path in (folder, folder / "pipe"):
        assert refused(data_files, path, folder).startswith("pipe: is neither a file nor a folder")
    (folder / "link").symlink_to("pipe")
    assert len(source_files(folder, folder).problems) == 2


@EACH
@pytest.mark.parametrize("name", [b"caf\xe9.csv", b"a\nb.csv", b"a\x1b.csv"])
def test_a_name_that_is_no_plain_text_is_refused(folder: Path, files: Finder, name: bytes) -> None:
    Path(os.fsdecode(bytes(folder) + b"/" + name)).touch()
    found = files(folder, folder)
    assert "UTF-8" in found.problems[0].rule
    assert report(found.problems).encode()
    assert list(found.files) == ["package/model.py", "train.py"]


@EACH
def test_what_git_lfs_has_not_fetched_is_refused(folder: Path, files: Finder) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\n"
    (folder / "weights.bin").write_text(f"{pointer}oid sha256:{'0' * 64}\nsize 12\n")
    (folder / "about.md").write_text(pointer + "is how a pointer begins.\n" * 100)
    message = refused(files, folder, folder)
    assert message.startswith("weights.bin: is a pointer of Git LFS")
    assert "git lfs pull" in message


def test_a_submodule_that_is_not_checked_out_is_refused(repository: Path, tmp_path: Path) -> None:
    put(tmp_path / "other", "lib.py")
    git(tmp_path / "other", "init", "--quiet")
    git(tmp_path / "other", "add", ".")
    git(tmp_path / "other", "commit", "--quiet", "-m", "first")
    git(repository, "submodule", "add", "--quiet", tmp_path / "other", "submodule")
    assert "submodule/lib.py" in source(repository)
    git(repository, "submodule", "deinit", "--force", "--quiet", "submodule")
    message = refused(source_files, repository, repository)
    assert message.startswith("submodule: is a submodule that is not checked out")


@EACH
@pytest.mark.parametrize("what", ["train.py", "package"])
def test_what_this_user_may_not_read_is_refused(
    folder: Path, files: Finder, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the test itself raises what the system would raise."""
    refuse_reading(monkeypatch, folder / what)
    message = refused(files, folder, folder)
    assert message.startswith(f"{what}: can't be read: Permission denied")


def refuse_reading(patch: pytest.MonkeyPatch, path: Path) -> None:
    opened, scanned = Path.open, os.scandir

    def denied(asked: str | Path) -> None:
        if Path(asked) == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def open_unless_denied(self: Path, *arguments: Any) -> Any:
        denied(self)
        return opened(self, *arguments)

    def scan_unless_denied(asked: str) -> Any:
        denied(asked)
        return scanned(asked)

    patch.setattr(Path, "open", open_unless_denied)
    patch.setattr(os, "scandir", scan_unless_denied)


@EACH
@pytest.mark.parametrize("names", [[], ["a/b/"], [".gitkeep", "__pycache__/a.pyc", "4913"]])
def test_a_folder_in_which_nothing_counts_is_refused(
    tmp_path: Path, files: Finder, names: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for name in names:
        put(tmp_path / "empty", name) if not name.endswith("/") else (
            (tmp_path / "empty" / name).mkdir(parents=True)
        )
    assert refused(files, tmp_path / "empty", tmp_path).startswith("empty: has no file that counts")


def test_of_many_problems_the_first_are_reported_and_how_many_there_are(folder: Path) -> None:
    for number in range(10):
        (folder / f"link-{number}").symlink_to("nowhere")
    messages = [f"{each.value} {each.rule}" for each in data_files(folder, folder).problems]
    assert len(messages) == 6
    assert messages[0].startswith("link-0 is a link that leads nowhere")
    assert messages[-1].endswith("has 5 more such files")


@pytest.mark.parametrize(
    ("job", "setting"),
    [
        ({"source": {"dir": "src", "entryPoint": "train.py"}}, "source.dir"),
        ({"inputs": {"train": {"path": "data"}}}, "inputs.train.path"),
    ],
)
def test_what_can_not_be_packed_is_reported_with_all_that_is_wrong_with_the_settings(
    tmp_path: Path, job: dict[str, Any], setting: str
) -> None:
    project = project_in(tmp_path / "project")
    assert problems(stack(job), project) == {}
    for folder in ("src", "data"):
        (project / folder / "out").symlink_to(tmp_path)
    if "inputs" in job:
        (project / "src" / "out").unlink()
    found = problems(stack(job | {"maxRuntime": "soon"}), project)
    assert set(found) == {"jobs.digits.maxRuntime", f"jobs.digits.{setting}"}
    assert "leads out of" in found[f"jobs.digits.{setting}"].rule


def test_an_input_without_files_is_refused_with_the_settings(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    (project / "data" / "train.csv").unlink()
    found = problems(stack({"inputs": {"train": {"path": "data"}}}), project)
    assert list(found) == ["jobs.digits.inputs.train.path"]
    assert "s3Uri" in found["jobs.digits.inputs.train.path"].remedy


@pytest.mark.parametrize("folder", ["", ".source"])
def test_a_project_that_can_not_be_written_is_refused_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    project = project_in(tmp_path)
    (project / folder).mkdir(exist_ok=True)
    raw = stack({"inputs": {"train": {"path": "data"}}})
    raw["jobs"]["other"] = raw["jobs"]["digits"]
    assert problems(raw, project) == {}
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != project / folder)
    found = problems(raw, project)
    assert list(found) == ["jobs.digits.source.dir"]
    assert str(project / folder) in str(found["jobs.digits.source.dir"])
    assert problems(stack({"source": None}), project) == {}


def test_a_name_of_data_that_is_too_long_for_a_key_is_refused_with_its_remedy(folder: Path) -> None:
    deep = folder.joinpath(*["d" * 200] * 4)
    deep.mkdir(parents=True)
    (deep / "part.csv").write_text("1")
    [problem] = data_files(folder, folder).problems
    assert problem.value.endswith("/part.csv")
    assert "more than 768 bytes" in problem.rule
    assert source_files(folder, folder).problems == []
