//! Instructions of a request, counted by valgrind: which no neighbour on the machine disturbs, and which
//! say where they went. Not time: a cache that misses counts nothing here, and the kernel is left out.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::load::Load;
use crate::proxies::Proxy;

/// Where the profiles are kept, for `callgrind_annotate`.
const FOLDER: &str = "target/callgrind";
/// Requests before the count begins, and those that are counted, of each connection.
const WARM_UP: u64 = 100;
const COUNTED: u64 = 250;

/// What a program is started under to be counted.
pub(crate) fn under(name: &str) -> Vec<String> {
    std::fs::create_dir_all(FOLDER).expect("a folder");
    let file = profile(name);
    // Profiles of an earlier run would be taken for those of this one.
    for old in [file.clone(), dump(&file)] {
        let _ = std::fs::remove_file(old);
    }
    let file = file.display();
    ["valgrind", "-q", "--tool=callgrind", &format!("--callgrind-out-file={file}")]
        .map(str::to_owned)
        .to_vec()
}

fn profile(name: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{name}.out"))
}

fn dump(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.1", file.display()))
}

/// Instructions of one request, all threads of the proxy together.
///
/// # Panics
/// If valgrind is not there, or an answer is not as expected.
pub(crate) fn instructions(proxy: &Proxy, load: &Load, name: &str) -> u64 {
    load.ask_each(WARM_UP);
    control("--zero", proxy);
    let asked = load.ask_each(COUNTED);
    control("--dump", proxy);
    let dump = dump(&profile(name));
    let text = std::fs::read_to_string(&dump).expect("valgrind writes its profile");
    let total = text.lines().find_map(|line| {
        let total = line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:"));
        total?.trim().parse::<u64>().ok()
    });
    total.expect("a profile has a total") / asked
}

fn control(what: &str, proxy: &Proxy) {
    let done = Command::new("callgrind_control")
        .args([what, &proxy.id().to_string()])
        .output()
        .expect("callgrind_control, which comes with valgrind, runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
