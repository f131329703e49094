//! In how many ways a portal could understand the path of a request. Not what is asked for it, and
//! not how to correct it: what goes to the portal are the bytes as they came.
//!
//! A target is refused where two programs would not agree even on its parts: bytes that no URI has,
//! a fragment, escapes that are broken or hide a separator or a control character, dot segments in
//! any disguise. What is left can be read in many ways: decoded once, twice or three times, letters
//! folded, compatibility forms resolved (NFKC), invisible characters dropped, `;parameters` cut,
//! spaces and dots around a segment cut, empty segments dropped, `:stream` cut.
//!
//! Two readings stand for all of them. The key of a rule ([`rule_key`]) holds nothing that any of
//! these steps would change, except that it may hold a colon. So a step never takes a segment away
//! that matched a key, it only lets more of them match; with every step taken, every rule is found
//! that any choice of steps would find. Only cutting at a colon has to be tried both ways. The
//! property tests compare this with all choices, one by one.

use std::borrow::Cow;

use unicode_normalization::char::decompose_compatible;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Where the gateway's own pages are, on every host.
pub const OWN_PAGES: &str = "/.scoregate";

/// The longest target that is read where nothing else is set; more is "URI too long" (RFC 9110,
/// section 15.5.15). RFC 9112, section 3, recommends at least 8000.
pub const STANDARD_TARGET_LIMIT_BYTES: usize = 8192;

/// How often escapes are resolved. What still holds escapes then is refused: nobody writes it, and
/// a limit keeps the work linear.
const MAX_DECODINGS: usize = 3;

/// Why a request target is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadTarget {
    #[error("it does not begin with a single slash")]
    NotOriginForm,
    #[error("it is longer than the limit")]
    TooLong,
    #[error("it has a byte that no URI has")]
    NotInUri,
    #[error("it has a fragment")]
    Fragment,
    #[error("it has a backslash")]
    Backslash,
    #[error("a percent sign is not followed by two hexadecimal digits")]
    MalformedEscape,
    #[error("it hides a separator behind an escape")]
    EncodedSeparator,
    #[error("it hides a control character behind an escape")]
    EncodedControl,
    #[error("its escapes are not UTF-8")]
    NotUtf8,
    #[error("it is escaped more than three times over")]
    TooDeep,
    #[error("it has a character that some programs take for a separator or a percent sign")]
    LookAlike,
    #[error("it has a segment of dots")]
    DotSegment,
    #[error("one way of reading it leads to the gateway's own pages")]
    OwnPagesDisguised,
    #[error("its readings belong to different routes")]
    RoutesDisagree,
}

/// The readings of the path of one request target.
#[derive(Debug)]
pub struct Readings<'t> {
    raw: &'t str,
    /// With every step taken but the cut at colons.
    folded: Cow<'t, str>,
    /// With that one too, where it makes a difference.
    stream_cut: Option<String>,
}

impl<'t> Readings<'t> {
    /// Reads a target in origin-form (RFC 9112, section 3.2.1). The query is not looked at, beyond
    /// that its bytes are ones that a URI can have.
    ///
    /// # Errors
    ///
    /// Where the target has to be refused: [`BadTarget::TooLong`] above `limit_bytes`, and the
    /// others as a bad request.
    pub fn of(target: &'t [u8], limit_bytes: usize) -> Result<Self, BadTarget> {
        if target.len() > limit_bytes {
            return Err(BadTarget::TooLong);
        }
        let raw = path_of(target)?;
        if is_plain(raw) {
            return Ok(Self { raw, folded: raw.into(), stream_cut: None });
        }
        let whole = fold(&decode_fully(raw)?)?;
        let folded = cut(&whole, &PARAMETERS)?;
        let stream_cut =
            if whole.contains(':') { Some(cut(&whole, &PARAMETERS_AND_STREAMS)?) } else { None };
        Ok(Self { raw, folded: folded.into(), stream_cut })
    }

    /// The path as it came, without the query.
    #[must_use]
    pub fn raw(&self) -> &'t str {
        self.raw
    }

    /// Whether there is only one way to read the path: as it came.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.folded, Cow::Borrowed(_))
    }

    /// The reading in which colons are characters like others.
    pub(super) fn folded(&self) -> &str {
        &self.folded
    }

    /// All readings that a rule is looked up for; never empty.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.folded).chain(self.stream_cut.as_deref())
    }
}

/// The path within a target, once its bytes are known to be ones of a URI.
fn path_of(target: &[u8]) -> Result<&str, BadTarget> {
    if target.first() != Some(&b'/') || target.get(1) == Some(&b'/') {
        return Err(BadTarget::NotOriginForm);
    }
    let text = std::str::from_utf8(target).map_err(|_| BadTarget::NotInUri)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BadTarget::NotInUri);
    }
    if text.contains('#') {
        return Err(BadTarget::Fragment);
    }
    let path = text.split_once('?').map_or(text, |(path, _)| path);
    // `|`, `{` and `}` are no URI characters either, but browsers send them and nobody splits there.
    path.bytes().try_for_each(|byte| match byte {
        b'\\' => Err(BadTarget::Backslash),
        b'"' | b'<' | b'>' | b'^' | b'`' => Err(BadTarget::NotInUri),
        _ => Ok(()),
    })?;
    Ok(path)
}

/// Whether every step would leave the path as it is. A slash at its end means nothing here.
fn is_plain(path: &str) -> bool {
    let mut before = 0;
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'%' | b';' | b':' => return false,
            b'/' if before == b'/' || before == b'.' => return false,
            _ => before = byte,
        }
    }
    before != b'.'
}

/// Resolves escapes until none are left. The first time they have to be well-formed. After that a
/// percent sign may stand for itself: `100%25` is an honest way to write "100%".
fn decode_fully(path: &str) -> Result<Cow<'_, str>, BadTarget> {
    let Some(bytes) = decode(path, Percent::BeginsEscape)? else {
        return Ok(path.into());
    };
    let mut text = String::from_utf8(bytes).map_err(|_| BadTarget::NotUtf8)?;
    for _ in 1..MAX_DECODINGS {
        match decode(&text, Percent::MayStandForItself)? {
            Some(bytes) => text = utf8_or_replaced(&bytes)?,
            None => return Ok(text.into()),
        }
    }
    match decode(&text, Percent::MayStandForItself)? {
        Some(_) => Err(BadTarget::TooDeep),
        None => Ok(text.into()),
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Percent {
    BeginsEscape,
    MayStandForItself,
}

/// Resolves the escapes of `text` once; `None` where it has none.
fn decode(text: &str, percent: Percent) -> Result<Option<Vec<u8>>, BadTarget> {
    if !text.contains('%') {
        return Ok(None);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut found = false;
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            decoded.push(first);
        } else if let Some((byte, after)) = escaped_byte(after) {
            decoded.push(allowed(byte)?);
            found = true;
            rest = after;
        } else if percent == Percent::BeginsEscape || is_wide_escape(after) {
            return Err(BadTarget::MalformedEscape);
        } else {
            decoded.push(first);
        }
    }
    Ok(found.then_some(decoded))
}

/// The byte of an escape whose percent sign was read, and what follows it.
fn escaped_byte(after: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = after.split_first_chunk::<2>()?;
    Some((hex_digit(high)? << 4 | hex_digit(low)?, rest))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// `%u0061`, which some servers of old take for an escape.
fn is_wide_escape(after: &[u8]) -> bool {
    match after.split_first_chunk::<5>() {
        Some((&[b'u' | b'U', ref digits @ ..], _)) => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

fn allowed(byte: u8) -> Result<u8, BadTarget> {
    match byte {
        b'/' | b'\\' | b'?' | b'#' | b';' => Err(BadTarget::EncodedSeparator),
        byte if byte.is_ascii_control() => Err(BadTarget::EncodedControl),
        byte => Ok(byte),
    }
}

/// What a second decoding makes of bytes that are no UTF-8 is not ours to know: "100%25 able" with
/// its space left out is one. Such bytes become U+FFFD, which folding drops; but a byte that could
/// begin an overlong spelling of an ASCII character is refused.
fn utf8_or_replaced(bytes: &[u8]) -> Result<String, BadTarget> {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        match chunk.invalid().first() {
            Some(0xC0 | 0xC1 | 0xE0 | 0xF0) => return Err(BadTarget::NotUtf8),
            Some(_) => text.push(char::REPLACEMENT_CHARACTER),
            None => {}
        }
    }
    Ok(text)
}

/// Makes spellings equal that a portal might take for equal: compatibility forms, upper and lower
/// case, invisible characters.
fn fold(decoded: &str) -> Result<String, BadTarget> {
    if decoded.is_ascii() {
        return Ok(decoded.to_ascii_lowercase());
    }
    if decoded.chars().any(char::is_control) {
        return Err(BadTarget::EncodedControl);
    }
    if decoded.chars().any(is_look_alike) {
        return Err(BadTarget::LookAlike);
    }
    // Upper case in between, so that `ß` meets `SS`, and `ı` and `ſ` meet `i` and `s`; lower case
    // before it for `ẞ`, which is its own upper case. What an invisible character kept apart can
    // compose afterwards, hence NFKC once more.
    let mut folded = String::with_capacity(decoded.len());
    for c in compatible(decoded).chars().filter(|&c| !is_invisible(c)) {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else if is_of_script_without_case(c) {
            folded.push(c);
        } else {
            let lower = c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
            folded.extend(lower);
        }
    }
    Ok(compatible(&folded).into_owned())
}

/// The text in NFKC (Unicode Standard Annex 15).
fn compatible(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.into(),
        IsNormalized::No | IsNormalized::Maybe => text.nfkc().collect::<String>().into(),
    }
}

/// Hebrew to Myanmar, and kana to Yi. They are passed over because one Arabic character, U+FDFA,
/// becomes eighteen by NFKC, and a target can hold nine hundred of it.
fn is_of_script_without_case(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{109F}' | '\u{3040}'..='\u{A63F}')
}

/// Whether NFKC, or a best-fit code page, makes a separator or percent sign of it.
fn is_look_alike(c: char) -> bool {
    // FRACTION SLASH, DIVISION SLASH, SET MINUS, and the big and operator forms of both slashes.
    if matches!(c, '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29F5}' | '\u{29F8}' | '\u{29F9}') {
        return true;
    }
    let mut found = false;
    if !c.is_ascii() {
        decompose_compatible(c, |part| found |= matches!(part, '/' | '\\' | '%'));
    }
    found
}

/// Characters that show nothing and that programs drop: those that Unicode calls default ignorable,
/// and the replacement of undecodable bytes.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{FFFD}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Where a segment's parameters begin. `?` and `#` can only come from full-width forms here.
const PARAMETERS: [char; 3] = [';', '?', '#'];
/// On NTFS `name:stream` and `name::$DATA` open `name`.
const PARAMETERS_AND_STREAMS: [char; 4] = [';', '?', '#', ':'];

/// Cuts each segment at the first of `at`, then the space around it and the dots behind it, and
/// drops it where nothing is left.
fn cut(folded: &str, at: &[char]) -> Result<String, BadTarget> {
    let mut path = String::with_capacity(folded.len());
    for segment in folded.split('/') {
        let name = segment.split(at).next().unwrap_or_default();
        let kept = name.trim_start().trim_end_matches(|c| is_dot(c) || c.is_whitespace());
        if !kept.is_empty() {
            path.push('/');
            path.push_str(kept);
        } else if name.contains(is_dot) {
            return Err(BadTarget::DotSegment);
        }
    }
    if path.is_empty() {
        path.push('/');
    }
    Ok(path)
}

/// A full stop, or the ideographic one, which IDNA and some file systems take for it.
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}')
}

/// Why a path cannot be the path of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadRulePath {
    Refused(BadTarget),
    /// A portal could read it in more than one way.
    Unsettled,
}

/// The form under which a rule is found: decoded and folded, without a slash at its end. `literal`
/// is the path as a request for it would be written.
pub(super) fn rule_key(literal: &str) -> Result<String, BadRulePath> {
    let readings = Readings::of(literal.as_bytes(), usize::MAX).map_err(BadRulePath::Refused)?;
    let whole = decode_fully(readings.raw).and_then(|text| fold(&text));
    let whole = whole.map_err(BadRulePath::Refused)?;
    // An escaped percent sign would make a key that decodes further.
    let settled = readings.folded.trim_end_matches('/') == whole.trim_end_matches('/')
        && !whole.contains('%')
        && !literal.contains("%25")
        && !literal.contains("//");
    if settled { Ok(whole.trim_end_matches('/').to_owned()) } else { Err(BadRulePath::Unsettled) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &[u8]) -> Result<Vec<String>, BadTarget> {
        let readings = Readings::of(target, STANDARD_TARGET_LIMIT_BYTES)?;
        Ok(readings.all().map(str::to_owned).collect())
    }

    #[test]
    fn a_target_is_refused_where_two_programs_would_not_agree_on_its_parts() {
        let table: [(&[u8], BadTarget); 51] = [
            (b"", BadTarget::NotOriginForm),
            (b"*", BadTarget::NotOriginForm),
            (b"a", BadTarget::NotOriginForm),
            (b"?a", BadTarget::NotOriginForm),
            (b"//a", BadTarget::NotOriginForm),
            (b"http://a.test/", BadTarget::NotOriginForm),
            (b"a.test:443", BadTarget::NotOriginForm),
            (b"/a b", BadTarget::NotInUri),
            (b"/\0", BadTarget::NotInUri),
            (b"/a\x7F", BadTarget::NotInUri),
            (b"/caf\xC3\xA9", BadTarget::NotInUri),
            (b"/a?\xFF", BadTarget::NotInUri),
            (b"/a?b\tc", BadTarget::NotInUri),
            (b"/\"a\"", BadTarget::NotInUri),
            (b"/<a>", BadTarget::NotInUri),
            (b"/a^", BadTarget::NotInUri),
            (b"/a#b", BadTarget::Fragment),
            (b"/a?b#c", BadTarget::Fragment),
            (b"/a\\b", BadTarget::Backslash),
            (b"/a%", BadTarget::MalformedEscape),
            (b"/a%2", BadTarget::MalformedEscape),
            (b"/a%2/", BadTarget::MalformedEscape),
            (b"/%%61", BadTarget::MalformedEscape),
            (b"/%u0061", BadTarget::MalformedEscape),
            (b"/%25u0061", BadTarget::MalformedEscape),
            (b"/a%2fb", BadTarget::EncodedSeparator),
            (b"/a%5Cb", BadTarget::EncodedSeparator),
            (b"/a%3fb", BadTarget::EncodedSeparator),
            (b"/a%23b", BadTarget::EncodedSeparator),
            (b"/a%3Bb", BadTarget::EncodedSeparator),
            (b"/a%252fb", BadTarget::EncodedSeparator),
            (b"/a%25252fb", BadTarget::EncodedSeparator),
            (b"/a%00", BadTarget::EncodedControl),
            (b"/a%2500", BadTarget::EncodedControl),
            (b"/a%7f", BadTarget::EncodedControl),
            (b"/a%C2%85", BadTarget::EncodedControl),
            (b"/%c0%ae", BadTarget::NotUtf8),
            (b"/%ed%a0%80", BadTarget::NotUtf8),
            (b"/%25c0%25ae", BadTarget::NotUtf8),
            (b"/%252525252e", BadTarget::TooDeep),
            (b"/a%EF%BC%8Fb", BadTarget::LookAlike),
            (b"/a%E2%84%80b", BadTarget::LookAlike),
            (b"/a%E2%88%95b", BadTarget::LookAlike),
            (b"/a%EF%BC%85b", BadTarget::LookAlike),
            (b"/.", BadTarget::DotSegment),
            (b"/a/../b", BadTarget::DotSegment),
            (b"/a/..;x/b", BadTarget::DotSegment),
            (b"/a/%2e%252e%20/b", BadTarget::DotSegment),
            (b"/a/.../b", BadTarget::DotSegment),
            (b"/a/%E2%80%A5/b", BadTarget::DotSegment),
            (b"/a/..::$data/b", BadTarget::DotSegment),
        ];
        for (target, expected) in table {
            assert_eq!(read(target), Err(expected), "{}", target.escape_ascii());
        }
    }

    #[test]
    fn honest_targets_are_read_and_folded() {
        let table: [(&str, &[&str]); 24] = [
            ("/", &["/"]),
            ("/a/b.c/~d", &["/a/b.c/~d"]),
            ("/a?b=%zz&c=../%00\\|\"", &["/a"]),
            ("/A/B", &["/a/b"]),
            ("/a|b/{c}", &["/a|b/{c}"]),
            ("/a%20b", &["/a b"]),
            ("/%22a%22/%3Cb%3E", &["/\"a\"/<b>"]),
            ("/100%25", &["/100%"]),
            ("/100%25%20sure", &["/100% sure"]),
            ("/100%25able", &["/100le"]),
            ("/%2561", &["/a"]),
            ("/%252561", &["/a"]),
            ("/caf%C3%A9", &["/café"]),
            ("/cafe%CC%81", &["/café"]),
            ("/STRASSE", &["/strasse"]),
            ("/stra%C3%9Fe", &["/strasse"]),
            ("/%EF%BD%81dm%C4%B1n", &["/admin"]),
            ("/ad%E2%80%8Bmin", &["/admin"]),
            ("/a;b=c/d;e", &["/a/d"]),
            ("/a//b///c/", &["/a/b/c"]),
            ("/a./b..%20/%20c", &["/a/b/c"]),
            ("/what%EF%BC%9F/x", &["/what/x"]),
            ("/v1:b/c::$data", &["/v1:b/c::$data", "/v1/c"]),
            ("/.well-known/..a/b..c", &["/.well-known/..a/b..c"]),
        ];
        for (target, expected) in table {
            assert_eq!(read(target.as_bytes()).unwrap(), expected, "{target}");
        }
    }

    #[test]
    fn a_plain_path_is_one_reading_and_borrowed() {
        for target in ["/", "/a", "/a/", "/a/b-c_d~e!$&'()*+,=@|{}", "/.a/b.c?D%E;F#".split_at(8).0]
        {
            let readings = Readings::of(target.as_bytes(), 100).unwrap();
            assert!(readings.is_plain(), "{target}");
            assert_eq!(readings.all().collect::<Vec<_>>(), [readings.raw()]);
        }
        for target in ["/A", "/a.", "/a./b", "/a//b", "/%61", "/a;b", "/a:b", "/a//"] {
            assert!(!Readings::of(target.as_bytes(), 100).unwrap().is_plain(), "{target}");
        }
    }

    #[test]
    fn the_limit_is_the_whole_target_to_the_byte() {
        assert_eq!(Readings::of(b"/a?bcd", 6).unwrap().raw(), "/a");
        assert_eq!(Readings::of(b"/a?bcd", 5).unwrap_err(), BadTarget::TooLong);
    }

    /// All of Unicode but planes where nothing is folded.
    fn telling_characters() -> impl Iterator<Item = char> {
        let planes = ['\u{20}'..='\u{1FFFF}', '\u{2F800}'..='\u{2FA1F}', '\u{E0000}'..='\u{E0FFF}'];
        planes.into_iter().flatten().filter(|c| !c.is_control())
    }

    #[test]
    fn every_compatibility_character_is_refused_or_makes_no_separator() {
        let separators = |text: &str| text.matches(['/', '\\', '%']).count();
        for c in telling_characters() {
            if let Ok(folded) = fold(&format!("/a{c}b")) {
                let own = separators(&format!("/{c}"));
                assert_eq!(separators(&folded), own, "U+{:04X} became {folded}", u32::from(c));
            }
        }
    }

    #[test]
    fn scripts_without_case_have_none() {
        for c in telling_characters().filter(|&c| is_of_script_without_case(c)) {
            let mapped: String = c.to_lowercase().chain(c.to_uppercase()).collect();
            assert_eq!(mapped, format!("{c}{c}"), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn folding_twice_is_folding_once() {
        // A fraction like `½` becomes `1⁄2`, whose own slash is refused where it comes as it is.
        let fraction = ['\u{2044}', '\u{2215}'];
        for c in telling_characters() {
            if let Ok(once) = fold(&format!("/a{c}b"))
                && !once.contains(fraction)
            {
                assert_eq!(fold(&once).as_ref(), Ok(&once), "U+{:04X}", u32::from(c));
            }
        }
    }

    #[test]
    fn a_rule_path_has_one_reading_or_none() {
        let table = [
            ("/", Ok("")),
            ("/Static/", Ok("/static")),
            ("/caf%C3%A9", Ok("/café")),
            ("/v1/items:batch", Ok("/v1/items:batch")),
            ("/a;b", Err(BadRulePath::Unsettled)),
            ("/a//b", Err(BadRulePath::Unsettled)),
            ("/a/b//", Err(BadRulePath::Unsettled)),
            ("/a.", Err(BadRulePath::Unsettled)),
            ("/a%20", Err(BadRulePath::Unsettled)),
            ("/100%25", Err(BadRulePath::Unsettled)),
            ("/%2561", Err(BadRulePath::Unsettled)),
            ("/a/../b", Err(BadRulePath::Refused(BadTarget::DotSegment))),
            ("/%2f", Err(BadRulePath::Refused(BadTarget::EncodedSeparator))),
        ];
        for (literal, expected) in table {
            assert_eq!(rule_key(literal), expected.map(str::to_owned), "{literal}");
        }
    }
}
