#!/usr/bin/env bash
# install.sh FOLDER: Django with gunicorn, in an environment of its own.
set -euo pipefail
python3 -m venv --clear "$1/venv"
"$1/venv/bin/pip" install --quiet --disable-pip-version-check django==5.2.19 gunicorn==23.0.0 whitenoise==6.11.0
