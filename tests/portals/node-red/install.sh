#!/usr/bin/env bash
# install.sh FOLDER: Node-RED from the npm registry.
set -euo pipefail
npm install --prefix "$1" --no-audit --no-fund --loglevel=error --omit=dev node-red@4.1.1
