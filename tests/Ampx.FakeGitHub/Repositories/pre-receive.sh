#!/bin/bash
# Refuses pushes in GitHub's words. What is refused stands in the repository's configuration under "fake.".
# Installed by PushRules; the other FAKE_ variables come from the server that runs git.
no=0
rules=$(git config --get-regexp '^fake\.' || true)
limit=$(git config --get fake.maxfilebytes || echo 104857600)
web=${FAKE_WEB_URL:-https://github.com/}$FAKE_REPOSITORY

matches() { # branch, configuration key
  local pattern
  while read -r pattern; do
    # shellcheck disable=SC2053 # the right side is a pattern
    [[ -n $pattern && $1 == $pattern ]] && return 0
  done < <(git config --get-all "$2")
  return 1
}

mb() { awk -v n="$1" 'BEGIN { printf "%.2f", n / 1048576 }'; }

while read -r old new ref; do
  branch=${ref#refs/heads/}

  if matches "$branch" fake.protected; then
    echo "error: GH006: Protected branch update failed for $ref."
    echo "error: Changes must be made through a pull request."
    no=1
    continue
  fi

  if matches "$branch" fake.ruleset; then
    echo "error: GH013: Repository rule violations found for $ref."
    echo "Review all repository rules at $web/rules?ref=${ref//\//%2F}"
    echo
    echo "- Cannot update this protected ref."
    echo
    no=1
    continue
  fi

  [[ $new =~ ^0+$ ]] && continue
  objects=$(git rev-list --objects "$new" --not --all |
    git cat-file --batch-check='%(objecttype) %(objectname) %(objectsize) %(rest)' | grep '^blob ' || true)

  while read -r _ _ size path; do
    if [[ -n $size && $size -gt $limit ]]; then
      echo "error: Trace: $(git hash-object --stdin <<<"$path$new")"
      echo "error: See https://gh.io/lfs for more information."
      echo "error: File $path is $(mb "$size") MB; this exceeds GitHub's file size limit of $(mb "$limit") MB"
      echo "error: GH001: Large files detected. You may want to try Git Large File Storage - https://git-lfs.github.com."
      no=1
    fi
  done <<<"$objects"

  if [[ $FAKE_MAY_CHANGE_WORKFLOWS == no ]]; then
    path=$(grep -oE ' \.github/workflows/.+$' <<<"$objects" | head -n 1)
    if [[ -n $path ]]; then
      echo "refusing to allow $FAKE_TOKEN_KIND to create or update workflow \`${path# }\` without $FAKE_WORKFLOW_RIGHT"
      no=1
    fi
  fi

  while read -r secret; do
    [[ -z $secret ]] && continue
    while read -r _ blob _ path; do
      line=$(git cat-file blob "$blob" 2>/dev/null | grep -naF -- "$secret" | head -n 1 | cut -d: -f1)
      [[ -z $line ]] && continue
      echo "error: GH013: Repository rule violations found for $ref."
      echo
      echo "- GITHUB PUSH PROTECTION"
      echo "  —————————————————————————————————————————"
      echo "    Resolve the following violations before pushing again"
      echo
      echo "    - Push cannot contain secrets"
      echo
      echo "     (?) Learn how to resolve a blocked push"
      echo "     https://docs.github.com/code-security/secret-scanning/working-with-secret-scanning-and-push-protection/working-with-push-protection-from-the-command-line#resolving-a-blocked-push"
      echo
      echo "      —— GitHub Personal Access Token ——————————————————————"
      echo "       locations:"
      echo "         - commit: $new"
      echo "           path: $path:$line"
      echo
      echo "       (?) To push, remove secret from commit(s) or follow this URL to allow the secret."
      echo "       $web/security/secret-scanning/unblock-secret/2xFakeSecretScanningPlaceholder"
      echo
      no=1
    done <<<"$objects"
  done < <(sed -n 's/^fake\.secret //p' <<<"$rules")
done
exit $no
