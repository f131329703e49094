//! Where a person goes after signing in. A return address is a path on the host where the journey
//! runs, and nothing else: not a scheme, not a host, not bytes that one browser reads as a slash.
//! Not here: whether the person may see what is there.

/// The longest return address that is kept, in bytes. Longer ones fall back to the start page.
const LONGEST: usize = 4096;

/// Where people look after their account.
const ACCOUNT: &str = "/.scoregate/me";

/// A path with its query and fragment on the journey's own host. Starts with one `/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnAddress(String);

impl Default for ReturnAddress {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl ReturnAddress {
    /// `None` unless `value`, decoded once already, is a path on `host` or its exact `https` origin
    /// with what follows it. The caller then uses the default and says nothing of it.
    #[must_use]
    pub fn accept(value: &str, host: &str) -> Option<Self> {
        let path = own_path(value, host)?;
        let is_plain =
            |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>');
        let is_safe = path.len() <= LONGEST
            && path.bytes().all(is_plain)
            && !path.starts_with("//")
            && is_safe_path(path.split(['?', '#']).next().unwrap_or_default());
        is_safe.then(|| Self(path.into_owned()))
    }

    /// A page of ours on which people look after their account: `/.scoregate/me` and what is below it, with
    /// a query of plain characters. Looking at one changes nothing. For our own handlers: what a browser
    /// names goes through [`Self::accept`], which takes no address of ours.
    #[must_use]
    pub fn of_the_account(address: &str) -> Option<Self> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let rest = path.strip_prefix(ACCOUNT)?;
        let is_below = rest.is_empty() || rest.starts_with('/');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_safe = is_below
            && address.len() <= LONGEST
            && rest.bytes().all(|byte| is_plain(byte) || byte == b'/')
            && !rest.contains("//")
            && query.bytes().all(|byte| is_plain(byte) || matches!(byte, b'=' | b'&'));
        is_safe.then(|| Self(address.to_owned()))
    }

    /// Whether it is one of [`Self::of_the_account`].
    #[must_use]
    pub fn is_of_the_account(&self) -> bool {
        Self::of_the_account(&self.0).is_some()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a request for it would send as its target: without the fragment.
    #[must_use]
    pub fn target(&self) -> &str {
        self.0.split('#').next().unwrap_or("/")
    }

    /// With the fragment that the browser kept to itself, where it is one.
    #[must_use]
    pub fn with_fragment(self, fragment: &str, host: &str) -> Self {
        if !fragment.starts_with('#') || self.0.contains('#') {
            return self;
        }
        Self::accept(&format!("{}{fragment}", self.0), host).unwrap_or(self)
    }
}

fn own_path<'a>(value: &'a str, host: &str) -> Option<std::borrow::Cow<'a, str>> {
    if value.starts_with('/') {
        return Some(value.into());
    }
    let rest = value.strip_prefix("https://")?.strip_prefix(host)?;
    match rest.bytes().next() {
        None => Some("/".into()),
        Some(b'/') => Some(rest.into()),
        Some(b'?' | b'#') => Some(format!("/{rest}").into()),
        Some(_) => None,
    }
}

/// No dot segment, no encoded separator, no encoded control byte; nothing of our own, where a visit
/// could be an act.
fn is_safe_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let has_dots = lower.split('/').any(|segment| {
        let plain = segment.replace("%2e", ".");
        !plain.is_empty() && plain.bytes().all(|byte| byte == b'.')
    });
    let has_hidden = lower.match_indices('%').any(|(at, _)| {
        let code = lower.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        !code.is_some_and(|byte| byte >= 0x20 && !matches!(byte, 0x7f | b'/' | b'\\'))
    });
    let is_ours = lower == "/.scoregate" || lower.starts_with("/.scoregate/");
    !has_dots && !has_hidden && !is_ours
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: &str = include_str!("../../tests/attacks/redirects.tsv");

    fn unescaped(text: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("\\x") {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
            rest = &rest[at + 4..];
        }
        bytes.extend_from_slice(rest.as_bytes());
        String::from_utf8(bytes).ok()
    }

    #[test]
    fn every_sample_is_taken_or_refused_as_it_should_be() {
        let mut rows = 0;
        for line in SAMPLES.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let (id, value, expected) = (columns[0], columns[1], columns[2]);
            let accepted = unescaped(value)
                .and_then(|value| ReturnAddress::accept(&value, "portal.example.org"));
            assert_eq!(accepted.is_some(), expected == "allow", "{id}: {value}");
            rows += 1;
        }
        assert!(rows > 150, "only {rows} rows were read");
    }

    #[test]
    fn our_own_addresses_are_no_place_to_return_to() {
        for value in
            ["/.scoregate/sign-out", "/.scoregate", "/.SCOREGATE/sign-out", "/.scoregate/../x"]
        {
            assert_eq!(ReturnAddress::accept(value, "h"), None, "{value}");
        }
    }

    #[test]
    fn only_pages_of_the_account_are_places_of_ours_to_return_to() {
        for (address, is_one) in [
            ("/.scoregate/me", true),
            ("/.scoregate/me/password", true),
            ("/.scoregate/me/app/remove?id=a1B-_", true),
            ("/.scoregate/menu", false),
            ("/.scoregate/me/../sign-out", false),
            ("/.scoregate/me//evil.test", false),
            ("/.scoregate/me/%2e%2e", false),
            ("/.scoregate/me?next=//evil.test", false),
            ("/.scoregate/sign-out", false),
            ("/reports", false),
            ("https://evil.test/.scoregate/me", false),
        ] {
            assert_eq!(ReturnAddress::of_the_account(address).is_some(), is_one, "{address}");
            assert_eq!(ReturnAddress::accept("/.scoregate/me", "h"), None);
        }
    }

    #[test]
    fn a_fragment_is_kept_and_cannot_become_anything_else() {
        let address = ReturnAddress::accept("/reports?x=1", "h").unwrap();
        assert_eq!(address.clone().with_fragment("#/5", "h").as_str(), "/reports?x=1#/5");
        assert_eq!(address.clone().with_fragment("//evil.test", "h"), address);
        assert_eq!(address.clone().with_fragment("#\r\nx", "h"), address);
        assert_eq!(address.with_fragment("#/5", "h").target(), "/reports?x=1");
    }
}
