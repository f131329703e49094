//! Who administers, and what they are asked, as a configuration comes to it. Not here: the pages.

use super::*;

#[test]
fn the_level_of_administrators_is_what_works_at_their_door_and_40_at_most() {
    let mail = "[notifier.mail]\nkind = \"console\"\n";
    let host = "[admin]\nhost = \"admin.example.org\"\n";
    let related = |rp_id: &str| {
        let line = format!("[directory.staff]\nrp_id = \"{rp_id}\"");
        format!("{}{host}", MINIMAL.replace("[directory.staff]", &line))
    };
    for (text, level, why) in [
        (MINIMAL.to_owned(), 30, "password and app; a passkey is of no use at localhost"),
        (format!("{MINIMAL}{mail}"), 40, "a code besides"),
        (format!("{MINIMAL}[admin]\nlevel = 60\n"), 60, "as it is written"),
        (related("example.org"), 40, "passkeys work on this host"),
        (related("portal.example.org"), 30, "and not on this one"),
    ] {
        let (_folder, loaded) = load_text(&text);
        let config = loaded.config.unwrap_or_else(|| panic!("{why}: {:?}", loaded.diagnostics));
        let settings = &config.directories["staff"].settings;
        assert_eq!(config.admin_level(settings).value(), level, "{why}");
    }
}

#[test]
fn a_second_directory_moves_the_portal_to_nobody() {
    let more = "[directory.customers]\n";
    let (_folder, loaded) = load_text(&format!("{MINIMAL}{more}"));
    assert!(loaded.config.is_none(), "the first by name would administer");
    let (_folder, loaded) = load_text(&format!("{MINIMAL}{more}[admin]\ndirectory = \"staff\"\n"));
    let config = loaded.config.unwrap();
    assert_eq!(config.admin_directory().map(|name| &**name), Some("staff"));
}
