#!/usr/bin/env bash
# install.sh FOLDER: DokuWiki out of Debian's package, unpacked and not installed: the package itself
# would bring a web server of its own. Its libraries and php are what scripts/needs.sh names.
set -euo pipefail
cd "$1"
apt-get download -qq dokuwiki 2>/dev/null || { apt-get update -qq && apt-get download -qq dokuwiki; }
dpkg -x dokuwiki_*.deb unpacked
cp -R unpacked/usr/share/dokuwiki wiki
rm -f wiki/.htaccess wiki/install.php
for part in plugins tpl; do
    rm "wiki/lib/$part"
    cp -R "unpacked/var/lib/dokuwiki/lib/$part" "wiki/lib/$part"
done
cp -R unpacked/var/lib/dokuwiki/data wiki/data
cp -R unpacked/etc/dokuwiki wiki/conf
rm -f wiki/conf/acl.auth.php wiki/conf/users.auth.php
# Debian keeps configuration in /etc; this copy keeps its own.
cat >wiki/inc/preload.php <<'PHP'
<?php
if (!defined('DOKU_CONF')) define('DOKU_CONF', DOKU_INC . 'conf/');
if (!defined('DOKU_MAIN_CONF')) define('DOKU_MAIN_CONF', DOKU_INC . 'conf/');
PHP
rm -rf unpacked
