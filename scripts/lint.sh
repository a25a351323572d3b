#!/usr/bin/env bash
# clang-format and clang-tidy on our C++, ruff on our Python, shellcheck on our scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'src/*.cc' 'src/*.h' | xargs clang-format-19 --dry-run -Werror
build/venv/bin/ruff check clients tests bench scripts jobs
shellcheck scripts/*.sh jobs/spark/submit.sh .ci/run tests/peers/postgresql tests/peers/nginx
[ "${1:-}" = quick ] || git ls-files 'src/*.cc' | grep -vE '_test\.cc|/testing/' | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/release --quiet
