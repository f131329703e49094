#!/usr/bin/env bash
# install.sh FOLDER: JupyterLab, in an environment of its own.
set -euo pipefail
python3 -m venv --clear "$1/venv"
"$1/venv/bin/pip" install --quiet --disable-pip-version-check jupyterlab==4.6.6
