#!/usr/bin/env bash
# Keeps one comment on a pull request: what changed since the baseline, or none where nothing did.
# Takes OUT, PULL_REQUEST, GITHUB_REPOSITORY and, for gh, GH_TOKEN from the environment.
set -euo pipefail

# Hidden, in the first line of the comment: by it the next run finds it.
mark="<!-- conformance gate -->"
comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
old=$(gh api "$comments" --paginate --jq ".[] | select(.body | startswith(\"$mark\")) | .id")
old=${old%%$'\n'*}
if [ -s "$OUT/comment.md" ]; then
    body=$(printf '%s\n%s\n' "$mark" "$(cat "$OUT/comment.md")")
    if [ -n "$old" ]; then
        gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$old" -f body="$body" >/dev/null
    else
        gh api --method POST "$comments" -f body="$body" >/dev/null
    fi
elif [ -n "$old" ]; then
    gh api --method DELETE "repos/$GITHUB_REPOSITORY/issues/comments/$old"
fi
