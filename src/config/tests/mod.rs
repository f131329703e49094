//! The whole way of a configuration, from files to messages. Tests of one step are with that step.

mod admin;
mod layering;
mod messages;
mod mutations;
mod shipped;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Format, LoadRequest, Loaded, load};
use crate::points::Timestamp;

/// The 11 lines of the shortest file.
const MINIMAL: &str = include_str!("../../../config/minimal.toml");

/// A folder with files in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn request(&self) -> LoadRequest {
        LoadRequest {
            file: Some(self.path().join("scoregate.toml")),
            environment: BTreeMap::new(),
            overrides: Vec::new(),
            allow_plain_secrets: false,
            check_environment: false,
            // 2026-01-01.
            now: Timestamp::from_millis(1_767_225_600_000),
        }
    }

    /// What is printed about it, with this folder left out of file names.
    fn print(&self, loaded: &Loaded) -> String {
        let prefix = format!("{}/", self.path().display());
        loaded.render(Format::Text { coloured: false }).replace(&prefix, "")
    }
}

fn load_text(text: &str) -> (Folder, Loaded) {
    let folder = Folder::with(&[("scoregate.toml", text)]);
    let loaded = load(&folder.request());
    (folder, loaded)
}
