//! How a portal is told who somebody is: fields by preset or by template, and what the gateway itself
//! shows at the portal. Not here: anybody's name (`gate`), or what a client sent under these names
//! (`proxy`).

use crate::secret::Secret;

/// What a field can say about a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fact {
    /// The user name.
    User,
    /// What people call them.
    Name,
    Email,
    /// Joined with commas.
    Roles,
    Score,
    /// `amr` values, joined with commas.
    Methods,
}

impl Fact {
    const ALL: [(&'static str, Self); 6] = [
        ("user", Self::User),
        ("name", Self::Name),
        ("email", Self::Email),
        ("roles", Self::Roles),
        ("score", Self::Score),
        ("methods", Self::Methods),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, fact)| *fact)
    }
}

/// A part of a field's value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Visible ASCII, with spaces inside.
    Text(String),
    Fact(Fact),
}

/// What a field says: text, and facts in braces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(pub Vec<Piece>);

impl Template {
    /// One fact and nothing else.
    #[must_use]
    pub fn of(fact: Fact) -> Self {
        Self(vec![Piece::Fact(fact)])
    }

    /// Reads `{user} of {roles}`.
    ///
    /// # Errors
    /// What is wrong with it, as something to read after "here:".
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.trim() != text || text.len() > 500 {
            return Err("1 to 500 characters, without a space at either end".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err("only visible ASCII; line breaks and accents cannot be sent".to_owned());
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (plain, braced) = rest.split_at(open);
            push_text(&mut pieces, plain);
            let inner = braced.strip_prefix('{').ok_or("a `}` without its `{`")?;
            let (name, after) = inner.split_once('}').ok_or("a `{` without its `}`")?;
            let unknown = || format!("`{{{name}}}` is no fact about a person");
            pieces.push(Piece::Fact(Fact::named(name).ok_or_else(unknown)?));
            rest = after;
        }
        push_text(&mut pieces, rest);
        Ok(Self(pieces))
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// One field that a portal gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityField {
    /// A token (RFC 9110, section 5.6.2).
    pub name: String,
    pub template: Template,
}

/// A set of fields that a kind of portal reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preset {
    Scoregate,
    RemoteUser,
    XForwardedUser,
    Webauth,
    Authelia,
    Oauth2Proxy,
    Siteminder,
    /// The portal is told nothing.
    Nothing,
}

impl Preset {
    /// Every preset; the names of all of them are taken from clients on every route.
    pub const ALL: [Self; 8] = [
        Self::Scoregate,
        Self::RemoteUser,
        Self::XForwardedUser,
        Self::Webauth,
        Self::Authelia,
        Self::Oauth2Proxy,
        Self::Siteminder,
        Self::Nothing,
    ];

    /// The fields, and what each says.
    #[must_use]
    pub const fn fields(self) -> &'static [(&'static str, Fact)] {
        use Fact::{Email, Methods, Name, Roles, Score, User};
        match self {
            Self::Scoregate => &[
                ("X-Scoregate-User", User),
                ("X-Scoregate-Name", Name),
                ("X-Scoregate-Email", Email),
                ("X-Scoregate-Roles", Roles),
                ("X-Scoregate-Score", Score),
                ("X-Scoregate-Methods", Methods),
            ],
            Self::RemoteUser => &[("Remote-User", User)],
            Self::XForwardedUser => &[
                ("X-Forwarded-User", User),
                ("X-Forwarded-Groups", Roles),
                ("X-Forwarded-Mail", Email),
                ("X-Forwarded-DisplayName", Name),
            ],
            Self::Webauth => &[
                ("X-WEBAUTH-USER", User),
                ("X-WEBAUTH-NAME", Name),
                ("X-WEBAUTH-FULLNAME", Name),
                ("X-WEBAUTH-EMAIL", Email),
                ("X-WEBAUTH-GROUPS", Roles),
            ],
            Self::Authelia => &[
                ("Remote-User", User),
                ("Remote-Groups", Roles),
                ("Remote-Name", Name),
                ("Remote-Email", Email),
            ],
            Self::Oauth2Proxy => &[
                ("X-Forwarded-User", User),
                ("X-Forwarded-Groups", Roles),
                ("X-Forwarded-Email", Email),
                ("X-Forwarded-Preferred-Username", User),
                ("X-Auth-Request-User", User),
                ("X-Auth-Request-Groups", Roles),
                ("X-Auth-Request-Email", Email),
                ("X-Auth-Request-Preferred-Username", User),
            ],
            Self::Siteminder => &[("SM_USER", User)],
            Self::Nothing => &[],
        }
    }
}

/// What the portal of one route is told.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Sent where somebody is signed in and the address asks something.
    pub fields: Vec<IdentityField>,
    /// Sent with every request, in place of the client's `Authorization`.
    pub authorization: Option<Secret<String>>,
    /// Whom signed assertions are for; `None`: there are none.
    pub audience: Option<String>,
}

impl Identity {
    /// The fields of a preset alone.
    #[must_use]
    pub fn of_preset(preset: Preset) -> Self {
        let field = |(name, fact): &(&str, Fact)| IdentityField {
            name: (*name).to_owned(),
            template: Template::of(*fact),
        };
        let fields = preset.fields().iter().map(field).collect();
        Self { fields, authorization: None, audience: None }
    }
}

/// Why a field cannot be one that tells who somebody is; `None`: it can.
pub(super) fn unfit_name(name: &str) -> Option<&'static str> {
    let is_token = (1..=60).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_token {
        return Some("a letter, then letters, digits, `-` and `_`");
    }
    let folded = name.to_ascii_lowercase().replace('_', "-");
    if folded == "authorization" {
        return Some("it has a setting of its own: `identity.authorization`");
    }
    if folded == "x-scoregate-jwt" {
        return Some("it has a setting of its own: `identity.assertion`");
    }
    let is_taken = TAKEN.contains(&folded.as_str())
        || ["sec-", "content-", "if-", "accept", "access-control-"]
            .iter()
            .any(|prefix| folded.starts_with(prefix));
    is_taken.then_some("browsers, the connection or the gateway say something else under it")
}

/// Names that mean something else. Taking them from clients would break what they are for.
const TAKEN: [&str; 25] = [
    "cache-control",
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-prefix",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_text_and_known_facts() {
        let parsed = Template::parse("{user} of {roles}!").unwrap();
        let text = |text: &str| Piece::Text(text.to_owned());
        let expected =
            vec![Piece::Fact(Fact::User), text(" of "), Piece::Fact(Fact::Roles), text("!")];
        assert_eq!(parsed.0, expected);
        assert_eq!(Template::parse("yes").unwrap().0, [text("yes")]);
        for wrong in [
            "",
            " {user}",
            "{user} ",
            "{usr}",
            "{user",
            "user}",
            "{{user}}",
            "{user}\r\nX-Admin: 1",
            "a\0b",
            "J\u{f6}rg",
            "{}",
        ] {
            assert!(Template::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_that_means_something_else_tells_nobody_who_somebody_is() {
        for name in [
            "Host",
            "cookie",
            "X_Forwarded_For",
            "Authorization",
            "X-Scoregate-JWT",
            "a b",
            "",
            "1a",
            "Sec-Fetch-Mode",
            "Content-Length",
            "Accept",
            "X:Y",
            "Transfer_Encoding",
        ] {
            assert!(unfit_name(name).is_some(), "{name}");
        }
        for name in ["X-Team", "REMOTE_USER", "SM_USER", "X-WEBAUTH-ROLE", "X-Forwarded-User"] {
            assert_eq!(unfit_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_name_of_every_preset_is_one_that_a_file_could_write() {
        for (name, _) in Preset::ALL.iter().flat_map(|preset| preset.fields()) {
            assert_eq!(unfit_name(name), None, "{name}");
        }
    }
}
