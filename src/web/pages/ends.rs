//! Where a visit ends or stops for now: no access, signed out, the portal does not answer. Not here:
//! refusals of a request that was not understood (`refused`).

use askama::Template;

use super::frame::{Frame, Markup, html, in_query};
use super::icon::Icon;
use super::parts::{Hidden, ask};

/// Why somebody who is signed in may not see a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DeniedReason {
    Role {
        /// Any of these would do.
        roles: Vec<String>,
        /// Who gives access, as a text.
        owner: Option<String>,
    },
    Network,
    /// The page belongs to another directory.
    Directory,
}

/// P13: signed in, and not for this person.
#[derive(Clone, Debug)]
pub struct Denied {
    /// With a person and a reference in it.
    pub frame: Frame,
    pub reason: DeniedReason,
    /// Where to sign out in order to use another account.
    pub other_account: String,
}

#[derive(Template)]
#[template(path = "denied.html")]
struct DeniedView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    lead: Markup,
    ask: Option<Markup>,
    other_account: &'a str,
}

impl Denied {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("denied-title");
        let user = frame.user.as_ref().map_or("", |user| user.name.as_str());
        let owner = match &self.reason {
            DeniedReason::Role { owner, .. } => owner.as_deref(),
            DeniedReason::Network | DeniedReason::Directory => None,
        };
        let lead = match &self.reason {
            DeniedReason::Role { roles, .. } => {
                frame.bold2("denied-role", ("user", user), ("roles", &roles.join(", ")))
            }
            DeniedReason::Network => frame.bold("denied-network", "user", user),
            DeniedReason::Directory => frame.bold("denied-directory", "user", user),
        };
        html(&DeniedView {
            frame,
            title: frame.title(&heading, false),
            heading,
            lead,
            ask: Some(ask(frame, "denied-ask", "denied-ask-admin", owner))
                .filter(|_| self.reason != DeniedReason::Network),
            other_account: &self.other_account,
        })
    }
}

/// Enough was shown in a window of its own, which can be closed.
#[derive(Clone, Debug)]
pub struct WindowDone {
    pub frame: Frame,
}

#[derive(Template)]
#[template(path = "window-done.html")]
struct WindowDoneView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
}

impl WindowDone {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t("window-title");
        let title = self.frame.title(&heading, false);
        html(&WindowDoneView { frame: &self.frame, title, heading })
    }
}

/// P14, the question: a link must not sign anybody out.
#[derive(Clone, Debug)]
pub struct SignOut {
    pub frame: Frame,
    pub hidden: Hidden,
    /// Where to go afterwards; limited by whoever reads it back.
    pub next: Option<String>,
    pub cancel: String,
}

#[derive(Template)]
#[template(path = "sign-out.html")]
struct SignOutView<'a> {
    frame: &'a Frame,
    hidden: &'a Hidden,
    title: String,
    heading: String,
    next: Option<&'a str>,
    cancel: &'a str,
}

impl SignOut {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t1("signout-title", "portal", &self.frame.portal);
        html(&SignOutView {
            frame: &self.frame,
            hidden: &self.hidden,
            title: self.frame.title(&heading, false),
            heading,
            next: self.next.as_deref(),
            cancel: &self.cancel,
        })
    }
}

/// P14, afterwards.
#[derive(Clone, Debug)]
pub struct SignedOut {
    pub frame: Frame,
    /// Where signing in begins again.
    pub again: String,
}

#[derive(Template)]
#[template(path = "plain.html")]
pub(super) struct PlainView<'a> {
    pub(super) frame: &'a Frame,
    pub(super) title: String,
    pub(super) heading: String,
    pub(super) sentences: Vec<String>,
    /// Text and address of the one thing to do.
    pub(super) main: Option<(String, &'a str)>,
    /// `_blank` or `_top`.
    pub(super) target: Option<&'static str>,
    pub(super) has_start: bool,
}

impl SignedOut {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t("signedout-title");
        html(&PlainView {
            frame: &self.frame,
            title: self.frame.title(&heading, false),
            heading,
            sentences: vec![self.frame.t("signedout-lead")],
            main: Some((self.frame.t("signedout-again"), &self.again)),
            target: None,
            has_start: false,
        })
    }
}

/// What is wrong with the portal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PortalFault {
    /// 502: not reached, or its answer made no sense.
    Unreachable,
    /// 503: it takes nobody.
    Unavailable,
    /// 504: too late.
    Slow,
}

/// P15: the portal does not answer, and it is not the sign-in's fault.
#[derive(Clone, Debug)]
pub struct PortalDown {
    /// With a reference in it.
    pub frame: Frame,
    pub fault: PortalFault,
    /// On a public route nobody may be.
    pub is_signed_in: bool,
    /// The same address again; `None` where repeating would do something twice.
    pub retry: Option<String>,
}

#[derive(Template)]
#[template(path = "portal-down.html")]
struct PortalDownView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    lead: String,
    you: String,
    portal: String,
    retry: Option<&'a str>,
}

impl PortalDown {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let heading = frame.t("upstream-title");
        let (lead, portal) = match (self.fault, self.is_signed_in) {
            (PortalFault::Slow, true) => ("upstream-slow", "upstream-portal-slow"),
            (PortalFault::Slow, false) => ("upstream-slow-public", "upstream-portal-slow"),
            (PortalFault::Unreachable | PortalFault::Unavailable, true) => {
                ("upstream-down", "upstream-portal-down")
            }
            (PortalFault::Unreachable | PortalFault::Unavailable, false) => {
                ("upstream-down-public", "upstream-portal-down")
            }
        };
        let you = if self.is_signed_in { "upstream-you-in" } else { "upstream-you-there" };
        html(&PortalDownView {
            frame,
            title: frame.title(&heading, false),
            heading,
            lead: frame.t1(lead, "portal", &frame.portal),
            you: frame.t(you),
            portal: frame.t(portal),
            retry: self.retry.as_deref(),
        })
    }
}

/// Where "use another account" leads: the sign-out question, and then back to `next`.
#[must_use]
pub(super) fn sign_out_then(next: &str) -> String {
    format!("/.scoregate/sign-out?next={}", in_query(next))
}
