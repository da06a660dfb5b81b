import type { RaySetup } from '../../contract/ray-setup.ts'
import { quoted, scriptOf } from '../scripts/shell-text.ts'
import { rayEnvironment } from './ray-paths.ts'

/** Where a user's own programs lie that no login shell tells a script of. */
export const userPrograms = 'PATH=$PATH:/usr/local/bin:$HOME/.local/bin:$HOME/.cargo/bin; export PATH'

type Install = {
  readonly sessionFolder: string
  readonly ray: RaySetup
  /** The wheels as one tar archive on that machine, and its checksum; null: from the package index. */
  readonly wheels: { readonly path: string; readonly sha256: string } | null
}

const wordsOf = ({ version, packages }: RaySetup): string => [`ray[default]==${version}`, ...packages].map(quoted).join(' ')

/**
 * Makes an environment with that Ray by what the machine has: uv, venv, or pip alone, which a wheel can bring along. One that is there and
 * whole is left as it is. Prints `state there` or `state installed`, then `ray VERSION python VERSION`.
 */
export const installRay = ({ sessionFolder, ray, wheels }: Install): string =>
  scriptOf(
    {
      session: sessionFolder,
      env: rayEnvironment(sessionFolder, ray.version),
      python: ray.python,
      version: ray.version,
      archive: wheels?.path ?? '',
      made: [ray.version, ray.python, ...ray.packages, wheels?.sha256 ?? 'index'].join(' '),
    },
    `
umask 077
${userPrograms}
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX
export PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 # what they keep lies elsewhere in the home, and would stay there
house=$session/.wheels
tell() { "$env/bin/python" -c 'import sys, ray, ray.dashboard.optional_deps
print("ray", ray.__version__, "python", sys.version.split()[0])' </dev/null; }
if [ "$(cat "$env/.made" 2>/dev/null)" = "$made" ] && said=$(tell); then
  [ -z "$archive" ] || rm -f "$archive"
  echo 'state there'; echo "$said"; exit 0
fi
mkdir -p "$session" && rm -rf "$env" "$house" || exit 1
set -- ${wordsOf(ray)}
if [ -n "$archive" ]; then
  mkdir -p "$house" && tar -x -f "$archive" -C "$house" || exit 1
  set -- --no-index --find-links "$house" "$@"
fi
can() { "$@" >/dev/null 2>&1 </dev/null; }
if can uv --version && can uv venv "$env" --python "$python" \${archive:+--offline}; then
  echo "with uv"
  # jobs bring packages of their own by pip, which uv leaves out
  if [ -z "$archive" ] || ls "$house"/pip-*.whl >/dev/null 2>&1; then set -- "$@" pip; fi
  uv pip install --python "$env/bin/python" "$@" </dev/null
elif ! can "$python" --version; then
  echo "there is no $python, and no uv that could bring it" >&2; exit 1
elif can "$python" -c 'import venv, ensurepip' && rm -rf "$env" && can "$python" -m venv "$env"; then
  echo "with $python -m venv"
  "$env/bin/python" -m pip install --disable-pip-version-check --no-input "$@" </dev/null
elif rm -rf "$env" && can "$python" -m venv --without-pip "$env" && can "$python" -m pip --version; then
  echo "with $python -m venv, and its pip"
  "$python" -m pip --python "$env/bin/python" install --disable-pip-version-check --no-input "$@" </dev/null
elif [ -x "$env/bin/python" ] && wheel=$(ls "$house"/pip-*.whl 2>/dev/null | tail -n 1) && [ -n "$wheel" ]; then
  echo "with $python -m venv, and the pip of the wheels"
  PYTHONPATH=$wheel "$env/bin/python" -m pip install --disable-pip-version-check --no-input "$@" </dev/null
else
  echo "$python makes no environment: it has neither ensurepip (package python3-venv) nor pip, and there is no uv" >&2; exit 1
fi
code=$?
rm -rf "$house"
if [ "$code" != 0 ]; then rm -rf "$env"; exit "$code"; fi
said=$(tell) || exit 1
[ "\${said#"ray $version "}" != "$said" ] || { echo "another Ray is there than was asked for: $said" >&2; exit 1; }
printf '%s\\n' "$made" >"$env/.made" || exit 1
[ -z "$archive" ] || rm -f "$archive"
echo 'state installed'; echo "$said"`,
  )

/** What the environment with that Ray was made of, the checksum of the wheels among it; nothing where there is none that is whole. */
export const showMade = (sessionFolder: string, version: string): string =>
  scriptOf({ env: rayEnvironment(sessionFolder, version) }, '[ ! -f "$env/.made" ] || cat "$env/.made"')
