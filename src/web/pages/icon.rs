//! The drawings: one meaning each, the same on every page. Not here: their size and colour (style).

use std::fmt;

use askama::filters::HtmlSafe;

use crate::points::Method;

/// A drawing on a grid of 24, in the colour of the text around it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum Icon {
    Password,
    Passkey,
    Phone,
    Mail,
    App,
    Key,
    Device,
    Warning,
    Check,
    Lock,
    Next,
}

impl Icon {
    pub(in crate::web) const fn of(method: Method) -> Self {
        match method {
            Method::Password => Self::Password,
            Method::Passkey => Self::Passkey,
            Method::Sms => Self::Phone,
            Method::Email => Self::Mail,
            Method::Totp => Self::App,
            Method::RecoveryCode | Method::SecurityKey | Method::Token => Self::Key,
            Method::RememberedDevice => Self::Device,
        }
    }

    /// Beside small text.
    pub(in crate::web) const fn small(self) -> SmallIcon {
        SmallIcon(self)
    }

    const fn shapes(self) -> &'static str {
        match self {
            Self::Password => {
                r#"<rect x="2.75" y="6.75" width="18.5" height="10.5" rx="3"/><path d="M7.5 12h.01M12 12h.01M16.5 12h.01"/>"#
            }
            Self::Passkey => {
                r#"<circle cx="9" cy="7.5" r="3.75"/><path d="M2.75 20v-1A5.25 5.25 0 0 1 8 13.75h2.5M17.5 15.5v5.75m0-3h2.25"/><circle cx="17.5" cy="12.75" r="2.75"/>"#
            }
            Self::Phone => {
                r#"<rect x="6.75" y="2.75" width="10.5" height="18.5" rx="2.75"/><path d="M10.75 18h2.5"/>"#
            }
            Self::Mail => {
                r#"<rect x="2.75" y="5" width="18.5" height="14" rx="2.75"/><path d="m3.5 7.75 8.5 6 8.5-6"/>"#
            }
            Self::App => {
                r#"<rect x="3.75" y="3.75" width="16.5" height="16.5" rx="4.5"/><path d="M12 8v4.25L14.75 14"/>"#
            }
            Self::Key => {
                r#"<circle cx="7.75" cy="16.25" r="4"/><path d="m10.75 13.25 9.5-9.5M16.5 7.5l3 3"/>"#
            }
            Self::Device => {
                r#"<rect x="4" y="4.75" width="16" height="10.5" rx="2"/><path d="M2.5 19h19"/>"#
            }
            Self::Warning => r#"<path d="M12 4 2.75 20h18.5zm0 6.25v4M12 17h.01"/>"#,
            Self::Check => r#"<path d="m4.75 12.75 4.75 4.5 9.75-10.5"/>"#,
            Self::Lock => {
                r#"<rect x="4.75" y="10.75" width="14.5" height="9.5" rx="2.5"/><path d="M8 10.75V7.5a4 4 0 0 1 8 0v3.25"/>"#
            }
            Self::Next => r#"<path d="m9.5 6 6 6-6 6"/>"#,
        }
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        draw(f, "icon", *self)
    }
}

impl HtmlSafe for Icon {}

/// The same drawing, small.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) struct SmallIcon(Icon);

impl fmt::Display for SmallIcon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        draw(f, "icon s", self.0)
    }
}

impl HtmlSafe for SmallIcon {}

fn draw(f: &mut fmt::Formatter<'_>, class: &str, icon: Icon) -> fmt::Result {
    let shapes = icon.shapes();
    write!(f, r#"<svg class="{class}" viewBox="0 0 24 24" aria-hidden="true">{shapes}</svg>"#)
}
