#!/bin/sh
# Validate, show what would change, apply, check: what a CI job does with a directory of manifests.
# Usage: deploy.sh DIRECTORY [SET]    (the store is $MASTRACTL_STORE, or the configured one)
# What is applied belongs to the set, by default the directory's name; what leaves the directory is pruned.
# Set YES=1 to let more than a quarter of a large set go.
# With REPORTS set to a directory it leaves mastractl.sarif and mastractl.xml (JUnit) there for the CI to show.
# Exit codes are mastractl's own: 4 an invalid manifest, 5 a conflict, 6 not there in time.
set -eu
manifests=${1:?usage: deploy.sh DIRECTORY [SET]}
set=${2:-$(basename "$manifests")}

if [ -n "${REPORTS:-}" ]; then
  mkdir -p "$REPORTS"
  mastractl validate -q -o sarif --exit-zero "$manifests" > "$REPORTS/mastractl.sarif"
  mastractl validate -q -o junit --exit-zero "$manifests" > "$REPORTS/mastractl.xml"
fi
mastractl validate -o concise --strict-refs "$manifests"

changes=0
mastractl plan -f "$manifests" --set "$set" --prune --detailed-exitcode || changes=$?
case $changes in
  0) echo "nothing to do" >&2 ;; # applied all the same: what was there before may be new to the set
  2) ;;
  *) exit "$changes" ;;
esac

mastractl apply -f "$manifests" --set "$set" --prune --strict-refs ${YES:+--yes}
mastractl wait --for=create -f "$manifests" --timeout=10s
