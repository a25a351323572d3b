#!/usr/bin/env bash
# upload_file.sh LOCAL USER PATH: stores a file of this machine as USER's file PATH, as scripts written for LiftBit do.
# LAKELIFT_URL (http://127.0.0.1:$PORT, PORT 3000) says where, LAKELIFT_TOKEN who asks (not needed with --liftbit-open).
set -euo pipefail
if [ $# -ne 3 ]; then
  echo "usage: upload_file.sh LOCAL_PATH USERNAME SAVE_PATH" >&2
  exit 2
fi
local_path=$1 username=$2 save_path=$3
url=${LAKELIFT_URL:-http://127.0.0.1:${PORT:-3000}}
if [ ! -f "$local_path" ] || [ ! -r "$local_path" ]; then
  echo "upload_file.sh: no file $local_path that can be read" >&2
  exit 3
fi

headers() { # the token stays out of the list of processes
  [ -z "${LAKELIFT_TOKEN:-}" ] || printf 'Authorization: Bearer %s\n' "$LAKELIFT_TOKEN"
}

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
# The file comes on stdin, so that nothing in its name means anything to curl.
status=$(curl --silent --show-error --output "$answer" --write-out '%{http_code}' --header @<(headers) \
  --url-query "username=$username" --url-query "path=$save_path" --form 'file=@-;filename=file' \
  "${url%/}/upload_file" < "$local_path") || {
  echo "upload_file.sh: can't reach $url" >&2
  exit 5
}
case $status in
  2??) cat "$answer" ;;
  *)
    printf 'upload_file.sh: the server refused with %s: %s\n' "$status" "$(tr -cd '[:print:]' < "$answer" | head -c 2000)" >&2
    case $status in
      401) exit 4 ;;
      404) exit 3 ;;
      429 | 502 | 503 | 504) exit 5 ;;
      *) exit 6 ;;
    esac
    ;;
esac
