#!/usr/bin/env bash
# Judges an implementation and compares the run with a baseline: the main step of action.yml.
# Takes IMPLEMENTATION, CASES, SEED, BASELINE and OUT from the environment. Tells the later steps whether there
# is a result of which a comment can be made.
set -euo pipefail

rm -f "$OUT/comment.md"
read -r -a cases <<<"${CASES:-}"
# The page says what changed since it.
since=()
if [ -f "$BASELINE" ]; then
    since=(--baseline "$BASELINE")
fi
code=0
conformance run "${cases[@]}" --implementation "$IMPLEMENTATION" --seed "$SEED" --out "$OUT" "${since[@]}" || code=$?
# 1 is a difference, which the baseline may know of. After anything else there is no run to compare.
if [ "$code" -gt 1 ]; then
    exit "$code"
fi
if [ ! -f "$BASELINE" ]; then
    echo "::error::There is no $BASELINE yet. If the report is as it should be, commit its baseline.json there."
    exit 2
fi
code=0
conformance gate "$OUT/parity.json" --baseline "$BASELINE" --markdown "$OUT/comment.md" || code=$?
if [ "$code" -le 1 ]; then
    echo "gated=true" >>"$GITHUB_OUTPUT"
fi
exit "$code"
