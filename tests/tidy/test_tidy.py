"""The house rules that a machine can check: who may include whom, a README a folder, what the server links, banned calls."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
BIN = Path(os.environ.get("LAKELIFT_BIN_DIR", ROOT / "build/release/bin"))

# The table of ARCHITECTURE.md. Every folder may include itself, table and base (base only base; table only base).
MAY_INCLUDE: dict[str, set[str]] = {
    "base": set(),
    "table": set(),
    "columnar": set(),
    "columnar/engine": {"columnar"},
    "backends/metadata": set(),
    "backends/ledger": {"backends/metadata"},
    "backends/storage": {"backends/net"},
    "backends/executors": {"columnar", "backends/net"},
    "backends/events": {"backends/metadata", "backends/ledger"},
    "backends/net": set(),
    "domain/accounts": {"backends/metadata", "backends/ledger", "backends/net"},
    "domain/notices": {"domain/accounts", "backends/metadata"},
    "domain/webhooks": {"domain/accounts", "backends/metadata", "backends/ledger", "backends/net"},
    "domain/catalogue": {"domain/accounts", "domain/notices", "backends/metadata", "backends/ledger", "backends/executors", "columnar"},
    "domain/objects": {"backends/metadata", "backends/ledger", "backends/storage"},
    "domain/files": {"domain/accounts", "domain/objects", "backends/metadata", "backends/ledger", "backends/storage"},
    "domain/analytics": {"backends/metadata", "backends/ledger"},
    "domain/transfers": {"backends/metadata", "backends/ledger"},
    "domain/slices": {
        "domain/accounts",
        "domain/analytics",
        "domain/objects",
        "domain/notices",
        "domain/webhooks",
        "domain/catalogue",
        "backends/metadata",
        "backends/ledger",
        "backends/storage",
        "backends/executors",
        "columnar",
    },
    "edge/http": set(),
    "edge/http/routes": {
        "edge/http",
        "backends/ledger",
        "domain/accounts",
        "domain/analytics",
        "domain/notices",
        "domain/webhooks",
        "domain/objects",
        "domain/catalogue",
        "domain/slices",
        "domain/files",
        "domain/transfers",
        "columnar",
    },
    "edge/cli": set(),
    "app": {"*"},
}

# A vendor's headers, and the folders where they may stand.
VENDOR_HEADERS: dict[str, set[str]] = {
    r"<soci/|<sqlite3|<libpq": {"backends/metadata/soci"},
    r"<arrow/|<parquet/": {"columnar/engine"},
    r"<boost/(beast|asio)": {"edge/http"},
    r"<curl/": {"edge/cli", "backends/net/curl"},
    r"<CLI/": {"edge/cli", "app"},
    r"<cjose/": {"domain/accounts"},
    r"<seccomp": {"columnar/engine"},
    r"<spdlog|<prometheus": {"base"},
    r"<yaml-cpp/": {"edge/cli"},
    r"<expat": {"backends/net/xml"},
    r"<librdkafka": {"backends/events/kafka"},
}

BANNED: dict[str, str] = {
    r"\bsystem\s*\(": "no shell",
    r"\bpopen\s*\(": "no shell",
    r"\b(strcpy|strcat|sprintf|gets)\s*\(": "unbounded",
    r"\bstd::rand\s*\(|\bsrand\s*\(": "use Random",
    r"\bsleep_for\s*\(|\busleep\s*\(": "nothing waits by sleeping: condition variables, timers, Clock",
    r"\b(TODO|FIXME|XXX|HACK)\b": "build it, or say it in an issue",
    r"\busing namespace std;": "say std::",
    r"\bstd::(format|print|println)\b": "fmt: GCC 12 has no <format>",
}
# Where a banned call is the point. Path suffix, pattern.
ALLOWED = {
    ("_test.cc", r"\bsystem\s*\("),
}


def code_of(line: str) -> str:
    """The line without its strings and its comment."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).split("//")[0]


def sources() -> list[Path]:
    return sorted(p for p in SRC.rglob("*") if p.suffix in {".h", ".cc"})


def owner(relative: str) -> str:
    """The longest folder of the table that holds this path."""
    found = [f for f in MAY_INCLUDE if relative == f or relative.startswith(f + "/")]
    assert found, f"{relative} lies in no folder of the table"
    return max(found, key=len)


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M)


def test_includes_point_down_only() -> None:
    wrong = []
    for path in sources():
        relative = path.relative_to(SRC).as_posix()
        mine = owner(relative)
        is_test = relative.endswith("_test.cc") or path.name.startswith("test_")
        for include in includes(path):
            theirs = owner(include)
            allowed = MAY_INCLUDE[mine]
            ok = theirs in {mine, "base"} or (theirs == "table" and mine != "base") or theirs in allowed or "*" in allowed
            # A test may bring a real backend or a fake to stand on.
            ok = ok or (is_test and theirs.startswith(("backends/", "columnar")))
            # Fakes and contract suites are for tests alone.
            if "/testing/" in include and not is_test and "/testing/" not in relative:
                ok = False
            if not ok:
                wrong.append(f"{relative} includes {include}")
    assert not wrong, "\n".join(wrong)


def test_includes_name_files_that_exist() -> None:
    missing = [f"{p.relative_to(ROOT)}: {i}" for p in sources() for i in includes(p) if not (SRC / i).exists()]
    assert not missing, "\n".join(missing)


def test_vendor_headers_stay_in_their_folder() -> None:
    wrong = []
    for path in sources():
        relative = path.relative_to(SRC).as_posix()
        for pattern, folders in VENDOR_HEADERS.items():
            if re.search(r"^\s*#\s*include\s+(" + pattern + ")", path.read_text(), re.M):
                if not any(relative.startswith(f + "/") for f in folders):
                    wrong.append(f"{relative}: {pattern}")
    assert not wrong, "\n".join(wrong)


def test_every_folder_has_a_readme() -> None:
    folders = {p.parent for p in sources()}
    # A folder of one program's main is explained by the folder above.
    missing = [f for f in folders if f.name != "main" and not (f / "README.md").exists()]
    assert not missing, "\n".join(str(f.relative_to(ROOT)) for f in sorted(missing))


def test_every_file_is_built() -> None:
    """No dead file: each header is included by somebody, each .cc lies in a folder that has a CMake target."""
    included = {i for p in sources() for i in includes(p)}
    dead = [p for p in sources() if p.suffix == ".h" and p.relative_to(SRC).as_posix() not in included]
    assert not dead, "\n".join(str(p.relative_to(ROOT)) for p in dead)


@pytest.mark.parametrize("pattern", sorted(BANNED))
def test_banned_words(pattern: str) -> None:
    found = []
    for path in sources():
        if any(path.name.endswith(suffix) and p == pattern for suffix, p in ALLOWED):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line if "TODO" in pattern else code_of(line)
            if re.search(pattern, code):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not found, f"{BANNED[pattern]}\n" + "\n".join(found)


def test_headers_begin_with_pragma_once() -> None:
    wrong = [p for p in sources() if p.suffix == ".h" and "#pragma once" not in p.read_text()]
    assert not wrong


def test_server_links_no_arrow() -> None:
    for name in ("lakelift",):
        needed = subprocess.run(["readelf", "-d", BIN / name], capture_output=True, text=True, check=True).stdout
        assert "NEEDED" in needed
        assert not re.search(r"lib(arrow|parquet)", needed), needed


def test_migrations_are_owned_by_their_folder() -> None:
    """A folder's SQL names only tables with its own prefix."""
    prefixes = {"accounts", "notices", "catalogue", "slices", "ledger", "analytics", "events"}
    wrong = []
    for path in sources():
        relative = path.relative_to(SRC)
        folder = relative.parts[1] if len(relative.parts) > 1 else ""
        is_test = path.name.endswith("_test.cc") or path.name.startswith("test_")
        if is_test or relative.parts[0] not in {"domain", "backends"}:
            continue
        for table in re.findall(r"\b(?:FROM|INTO|UPDATE|JOIN|TABLE(?: IF NOT EXISTS)?)\s+([a-z]+)_[a-z_]+", re.sub(r"//.*", "", path.read_text())):
            if table in prefixes and table != folder and not (table == "ledger" and folder == "ledger"):
                wrong.append(f"{relative}: {table}")
    assert not wrong, "\n".join(wrong)


def test_no_paths_of_a_machine_and_no_download_addresses() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    home = re.compile(re.escape(str(Path.home())) + r"/\.|/home/[a-z]+/")
    wrong = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".png", ".parquet"} or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        wrong += [f"{name}: {m.group(0)}" for m in home.finditer(text)]
        if path.name == "package-lock.json" and re.search(r'"resolved":\s*"http', text):
            wrong.append(f"{name}: download addresses")
    assert not wrong, "\n".join(wrong)
