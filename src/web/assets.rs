//! The files that pages refer to, in memory, each under a name that changes with its content, so that
//! a browser may keep it for good. Not here: which answer headers they get (`proxy`), or any page.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// Where assets are served, on every host.
pub const PREFIX: &str = "/.scoregate/assets/";

/// One file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asset {
    /// With the hash in it: `style.1f2e3d4c5b6a.css`.
    pub name: String,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, kind: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut name = format!("{stem}.");
        for byte in Sha256::digest(bytes).iter().take(6) {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name.push('.');
        name.push_str(kind);
        Self { name, content_type, bytes }
    }

    /// The address to put in a page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }
}

/// All files.
#[derive(Clone, Debug)]
pub struct Assets {
    /// What every page of a sign-in needs.
    pub style: Asset,
    /// What wider pages (account, demonstration portal) need on top.
    pub wide: Asset,
    /// What the administrators' portal needs on top of both.
    pub admin: Asset,
    pub script: Asset,
    /// For pages that ask for a passkey.
    pub passkey: Asset,
    /// For the page at the end of a journey in a window of its own.
    pub done: Asset,
    /// Keeps the administrators' preview up to date while they type.
    pub admin_script: Asset,
    pub icon: Asset,
}

impl Assets {
    /// Names are computed once, at first use.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
            style: Asset::new("style", "css", CSS, include_bytes!("assets/style.css")),
            wide: Asset::new("wide", "css", CSS, include_bytes!("assets/wide.css")),
            admin: Asset::new("admin", "css", CSS, include_bytes!("assets/admin.css")),
            admin_script: Asset::new("admin", "js", JS, include_bytes!("assets/admin.js")),
            script: Asset::new("page", "js", JS, include_bytes!("assets/page.js")),
            passkey: Asset::new("passkey", "js", JS, include_bytes!("assets/passkey.js")),
            done: Asset::new("done", "js", JS, include_bytes!("assets/done.js")),
            icon: Asset::new("icon", "svg", "image/svg+xml", include_bytes!("assets/logo.svg")),
        });
        &ASSETS
    }

    /// The file of a name. Only whole names with their hash count.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Asset> {
        [
            &self.style,
            &self.wide,
            &self.admin,
            &self.script,
            &self.admin_script,
            &self.passkey,
            &self.done,
            &self.icon,
        ]
        .into_iter()
        .find(|asset| asset.name == name)
    }
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_whole_name_only() {
        let assets = Assets::embedded();
        assert_eq!(assets.find(&assets.style.name), Some(&assets.style));
        assert_eq!(assets.find(&assets.icon.name), Some(&assets.icon));
        for name in ["style.css", "style.000000000000.css", "", "../style.css"] {
            assert_eq!(assets.find(name), None, "{name}");
        }
    }

    #[test]
    fn another_content_is_another_name() {
        let one = Asset::new("style", "css", CSS, b"a{}");
        let other = Asset::new("style", "css", CSS, b"b{}");
        assert_ne!(one.name, other.name);
        assert_eq!(one.name.len(), "style.".len() + 12 + ".css".len());
    }

    #[test]
    fn the_script_and_the_styles_stay_small_and_ask_nobody_else() {
        let assets = Assets::embedded();
        assert!(assets.script.bytes.len() <= 3200, "{}", assets.script.bytes.len());
        assert!(assets.style.bytes.len() <= 11_000, "{}", assets.style.bytes.len());
        for asset in [&assets.style, &assets.wide, &assets.script] {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for banned in ["http:", "https:", "@import", "url(", "eval"] {
                assert!(!text.contains(banned), "{} has {banned}", asset.name);
            }
        }
    }
}
