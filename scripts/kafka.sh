#!/usr/bin/env bash
# Fetches the jars of an Apache Kafka broker into DIR/kafka, once: tests/peers/kafka starts it.
# usage: scripts/kafka.sh DIR
set -euo pipefail
version=4.1.0
# The broker logs nothing without the third.
artefacts=("org.apache.kafka:kafka_2.13:$version" "org.apache.kafka:kafka-tools:$version" org.apache.logging.log4j:log4j-slf4j-impl:2.24.3)
mkdir -p "$1"
dir=$(cd "$1" && pwd)

[ "$(cat "$dir/kafka.stamp" 2>/dev/null)" = "${artefacts[*]}" ] && [ -d "$dir/kafka/libs" ] && exit 0
echo "deps: fetching Kafka $version" >&2
rm -rf "$dir/kafka.tmp" "$dir/kafka"
mkdir -p "$dir/kafka.tmp/libs"
{
  echo '<project><modelVersion>4.0.0</modelVersion><groupId>lakelift</groupId><artifactId>kafka</artifactId><version>1</version>'
  echo '<packaging>pom</packaging><dependencies>'
  for artefact in "${artefacts[@]}"; do
    IFS=: read -r group name number <<<"$artefact"
    echo "<dependency><groupId>$group</groupId><artifactId>$name</artifactId><version>$number</version></dependency>"
  done
  echo '</dependencies></project>'
} >"$dir/kafka.tmp/pom.xml"
mvn -q -B -f "$dir/kafka.tmp/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$dir/kafka.tmp/libs" >"$dir/kafka.log" 2>&1 ||
  { tail -n 20 "$dir/kafka.log" >&2; echo "deps: Kafka could not be fetched; the whole log is $dir/kafka.log" >&2; exit 1; }
mv "$dir/kafka.tmp" "$dir/kafka"
echo "${artefacts[*]}" >"$dir/kafka.stamp"
