"""A function's code, out of its zip files: unpacked once, with what only this machine has."""

import io
import zipfile
from pathlib import Path

from localaws.lambda_service.function import unpacked


def zipped(**files: str) -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return code.getvalue()


def test_what_was_deployed_wins_and_what_only_this_machine_has_is_added(tmp_path: Path) -> None:
    host = tmp_path / "host"
    (host / "package").mkdir(parents=True)
    (host / "package" / "_core.so").write_text("for this machine")
    (host / "both.py").write_text("from the host")
    place = unpacked(zipped(both="deployed", only="deployed"), host_wheels=host, cache=tmp_path / "cache")
    assert (place / "both.py").read_text() == "deployed"
    assert (place / "only.py").read_text() == "deployed"
    assert (place / "package" / "_core.so").read_text() == "for this machine"


def test_the_same_code_is_unpacked_once_and_other_code_elsewhere(tmp_path: Path) -> None:
    first, again, other = (
        unpacked(zipped(code=text), host_wheels=None, cache=tmp_path / "cache") for text in ("a", "a", "b")
    )
    assert first == again
    assert first != other
    assert sorted(path for path in (tmp_path / "cache").iterdir() if path.is_dir()) == sorted([first, other])
