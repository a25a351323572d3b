#!/usr/bin/env bash
# Submits count_downloads.py with what Spark needs to talk to Kafka.
#   submit.sh [--master M] [--deploy-mode client|cluster] [--jars DIR|JAR,JAR…] [--conf NAME=VALUE]… [--driver-memory 1g] … OPTIONS OF THE JOB
# Without --master: local[*]. The connector's jars: those of --jars, else of build/deps/spark-kafka (`scripts/deps.sh peers`), else Spark
# fetches them (--packages, from Maven Central). spark-submit: of SPARK_HOME, else on PATH, else of build/deps/spark.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deps=$here/../../build/deps

die() { echo "submit.sh: $*" >&2; exit 2; }

master='local[*]' jars='' spark=()
while [ $# -gt 0 ]; do
  case $1 in
    --master | --deploy-mode | --jars | --conf | --driver-memory | --driver-cores | --executor-memory | --executor-cores | --num-executors | \
      --total-executor-cores | --properties-file | --name | --queue | --files | --archives | --repositories)
      [ $# -gt 1 ] || die "$1 needs a value" ;;&
    --master) master=$2 ;;
    --jars) jars=$2 ;;
    --deploy-mode | --conf | --driver-memory | --driver-cores | --executor-memory | --executor-cores | --num-executors | \
      --total-executor-cores | --properties-file | --name | --queue | --files | --archives | --repositories) spark+=("$1" "$2") ;;
    -h | --help) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"; spark=(); break ;;
    *) break ;;
  esac
  shift 2
done

if [ -n "$jars" ] || [ -d "$deps/spark-kafka" ]; then
  from=${jars:-$deps/spark-kafka}
  if [ -d "$from" ]; then
    found=("$from"/*.jar)
    [ -e "${found[0]}" ] || die "there are no jars in $from: give those that connector.txt names"
    from=$(IFS=,; echo "${found[*]}")
  fi
  spark+=(--jars "$from")
else
  spark+=(--packages "$(grep -v '^#' "$here/connector.txt" | paste -sd,)")
fi

if [ -n "${SPARK_HOME:-}" ]; then
  program=$SPARK_HOME/bin/spark-submit
elif program=$(command -v spark-submit); then
  :
else
  python=$deps/spark/bin/python
  [ -x "$python" ] || die "there is no spark-submit: set SPARK_HOME, or run \`scripts/deps.sh peers\`"
  SPARK_HOME=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
  export SPARK_HOME PYSPARK_PYTHON=${PYSPARK_PYTHON:-$python}
  program=$SPARK_HOME/bin/spark-submit
fi
# Alone on this machine nobody else needs to find the driver, nor its pages.
case $master in
  local*) export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1}; spark=(--conf spark.ui.enabled=false "${spark[@]}") ;;
esac
exec "$program" --master "$master" --conf spark.log.level=ERROR "${spark[@]}" --py-files "$here/download_events.py" "$here/count_downloads.py" "$@"
