"""Reports on the command line: written from the journal, verified without it, and whatever was changed is named (GO-13)."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from driver import cli

POLICY = Path(__file__).resolve().parents[2] / "policies/ticker-service.fixed.toml"
FILES = {"dossier.html", "dossier.md", "rehearsals.md", "journal.jsonl", "manifest.json"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    flags = ("--data", folder / "data")
    cli.run("release", "open", "--policy", POLICY, "--artefact", "sha256:" + "ab" * 32, "--by", "rohan",
            "--skip-promotion", "only its report is asked for", *flags)
    printed = cli.run("release", "report", "--out", folder / "report", *flags).stdout.split()
    assert {Path(name).name for name in printed} == FILES
    return folder


def verify(folder, expect=0):
    return cli.run("release", "verify", folder, expect=expect)


def test_a_report_is_verified_from_its_files_alone(report, tmp_path):
    copy = shutil.copytree(report / "report", tmp_path / "copy")
    assert {path.name for path in copy.iterdir()} == FILES
    assert "is what it says" in verify(copy).stdout
    assert cli.run_json("release", "verify", copy)["differences"] == []
    assert not cli.run("release", "verify", tmp_path / "nothing", expect=1).stdout
    again = cli.run("release", "report", "--out", copy, "--data", report / "data", expect=2)
    assert "not empty" in again.stderr


def test_the_markdown_goes_to_standard_output(report):
    text = cli.run("release", "report", "--data", report / "data").stdout
    assert text.startswith("# Ticker Service 1.0.0\n") and "\n## NO-GO\n" in text and "43.2" in text
    week = cli.run("release", "report", "--weekly", "--data", report / "data").stdout
    assert "Weekly objectives" in week


def test_one_changed_byte_is_named(report, tmp_path):
    for name in sorted(FILES):
        copy = shutil.copytree(report / "report", tmp_path / name)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        refused = verify(copy, expect=1)
        assert name in refused.stdout and name in refused.stderr


def test_a_figure_that_was_changed_with_the_manifest_is_named(report, tmp_path):
    copy = shutil.copytree(report / "report", tmp_path / "copy")
    page = (copy / "dossier.html").read_text()
    assert ">43.2<" in page
    (copy / "dossier.html").write_text(page.replace(">43.2<", ">44.2<", 1))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["dossier.html"] = "sha256:" + hashlib.sha256((copy / "dossier.html").read_bytes()).hexdigest()
    del manifest["digest"]
    text = json.dumps(manifest, indent=2) + "\n"
    manifest["digest"] = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (difference,) = cli.run_json("release", "verify", copy, expect=1)["differences"]
    assert difference["file"] == "dossier.html" and "44.2" in difference["stated"] and "43.2" in difference["computed"]
