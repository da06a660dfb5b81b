#!/bin/sh
# A job in plain shell: what this machine is, and what the cluster is, as `shoal` on the job's PATH tells it.
#
#   shoal job submit --working-dir . -- sh report.sh
#   sh report.sh [LINES]               of the longest list, at most; 5 by default
#
# What it ends with is what the job ends with: 0 for success, all else for failure.
set -eu

lines=${1:-5}
line() { printf '%12s  %s\n' "$1" "$2"; }

line job "$SHOAL_JOB_SUBMISSION_ID"
line machine "$(uname -n), $(uname -sr)"
line processors "$(grep -c '^processor' /proc/cpuinfo)"
line memory "$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)"
line disk "$(df -Pk "$HOME" | awk 'NR == 2 { printf "%.1f GiB free", $4 / 1048576 }')"

printf '\nLargest files of this system\n'
find /usr/lib -xdev -type f -size +1024k -exec ls -l {} + 2>/dev/null |
  sort -k 5,5 -rn | head -n "$lines" |
  awk '{ printf "%8.1f MiB  %s\n", $5 / 1048576, $NF }'

printf '\nNodes of the cluster\n'
shoal list nodes

count=$(shoal list nodes --json | grep -o '"node_id"' | wc -l)
printf '\n%s nodes, and all is well\n' "$count"
