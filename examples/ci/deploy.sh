#!/bin/sh
# Validate, show what would change, apply, check: what a CI job does with a directory of manifests.
# Usage: deploy.sh DIRECTORY    (the store is $MASTRACTL_STORE, or the configured one)
# With REPORTS set to a directory it leaves mastractl.sarif and mastractl.xml (JUnit) there for the CI to show.
# Exit codes are mastractl's own: 4 an invalid manifest, 5 a conflict, 6 not there in time.
set -eu
manifests=${1:?usage: deploy.sh DIRECTORY}

if [ -n "${REPORTS:-}" ]; then
  mkdir -p "$REPORTS"
  mastractl validate -q -o sarif --exit-zero "$manifests" > "$REPORTS/mastractl.sarif"
  mastractl validate -q -o junit --exit-zero "$manifests" > "$REPORTS/mastractl.xml"
fi
mastractl validate -o concise --strict-refs "$manifests"

changes=0
mastractl diff -f "$manifests" || changes=$?
case $changes in
  0) echo "nothing to do" >&2; exit 0 ;;
  1) ;;
  *) exit "$changes" ;;
esac

mastractl apply -f "$manifests" --strict-refs
mastractl wait --for=create -f "$manifests" --timeout=10s
