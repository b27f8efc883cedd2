#!/bin/sh
# Validate, show what would change, apply, check: what a CI job does with a directory of manifests.
# Usage: deploy.sh DIRECTORY    (the store is $MASTRACTL_STORE, or the configured one)
# Exit codes are mastractl's own: 4 an invalid manifest, 5 a conflict, 6 not there in time.
set -eu
manifests=${1:?usage: deploy.sh DIRECTORY}

mastractl validate -o concise "$manifests"

changes=0
mastractl diff -f "$manifests" || changes=$?
case $changes in
  0) echo "nothing to do" >&2; exit 0 ;;
  1) ;;
  *) exit "$changes" ;;
esac

mastractl apply -f "$manifests"
mastractl wait --for=create -f "$manifests" --timeout=10s
