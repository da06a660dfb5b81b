#!/bin/sh
# Starts Shoal's command line with the Node beside it, from any folder and through any link. Needs nothing but sh and ls.
self=$0
case $self in
  */*) ;;
  *) self=$(command -v -- "$self") ;;
esac
while [ -h "$self" ]; do
  listing=$(ls -ld -- "$self")
  target=${listing#*" -> "}
  case $target in
    /*) self=$target ;;
    *) self=${self%/*}/$target ;;
  esac
done
root=$(CDPATH= cd -- "${self%/*}/.." && pwd -P) || exit 127
exec "$root/bin/node" "$root/lib/cli.mjs" "$@"
