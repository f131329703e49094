//! What the portals of the routes are told: presets, fields of the operator's own, and what the gateway
//! shows there itself.

use std::collections::BTreeMap;

use super::super::diagnostic::Diagnostic;
use super::super::identity::{Identity, IdentityField, Preset};
use super::super::shape;
use super::Builder;
use crate::secret::Secret;

impl Builder<'_> {
    pub(super) fn identities(&mut self) -> BTreeMap<String, Identity> {
        let routes = &self.shape.route;
        routes.iter().map(|(name, route)| (name.clone(), self.identity(name, route))).collect()
    }

    fn identity(&mut self, route: &str, shape: &shape::Route) -> Identity {
        let path = format!("route.{route}.identity");
        let shape = &shape.identity;
        let mut identity = Identity::of_preset(preset(shape));
        for (name, template) in &shape.headers {
            let own = IdentityField { name: name.clone(), template: template.0.clone() };
            self.check_double(&path, &own, shape);
            // A field of the operator's own says what it says, whatever the preset says under it.
            identity.fields.retain(|field| fold(&field.name) != fold(name));
            identity.fields.push(own);
        }
        identity.audience = self.audience(route, &path, shape);
        identity.authorization = shape.authorization.as_ref().and_then(|source| {
            let path = format!("{path}.authorization");
            let secret = self.secret(&path, source)?;
            self.check_authorization(&path, &secret);
            Some(secret)
        });
        identity
    }

    fn audience(&mut self, route: &str, path: &str, shape: &shape::Identity) -> Option<String> {
        let audience = shape.audience.as_ref().map(|audience| audience.0.clone());
        if shape.assertion == Some(true) {
            return Some(audience.unwrap_or_else(|| route.to_owned()));
        }
        if audience.is_some() {
            let path = format!("{path}.audience");
            let sentence = format!("`{path}` has no meaning without `assertion = true`");
            let diagnostic = Diagnostic::error("E0207", sentence);
            self.report(diagnostic, &path, "nothing is signed here", "add `assertion = true`");
        }
        None
    }

    /// Two spellings of one name: many portals would read either.
    fn check_double(&mut self, path: &str, own: &IdentityField, shape: &shape::Identity) {
        let twin = shape
            .headers
            .keys()
            .find(|name| name.as_str() < own.name.as_str() && fold(name) == fold(&own.name));
        let Some(twin) = twin else { return };
        let sentence = format!("`{twin}` and `{}` are one header to many portals", own.name);
        let diagnostic = Diagnostic::error("E0207", sentence);
        let path = format!("{path}.headers.{}", own.name);
        self.report(
            diagnostic,
            &path,
            "the same name in another spelling",
            "remove one of the two",
        );
    }

    fn check_authorization(&mut self, path: &str, secret: &Secret<String>) {
        let value = secret.reveal();
        let is_right = !value.is_empty()
            && value.trim() == value
            && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if !is_right {
            let diagnostic =
                Diagnostic::error("E0104", format!("`{path}` is not the value of a header"));
            let help =
                "it holds the whole value in one line of ASCII, such as `Bearer` and a token";
            self.report(diagnostic, path, "empty, of several lines, or not ASCII", help);
        }
    }
}

fn preset(shape: &shape::Identity) -> Preset {
    match shape.preset {
        None if shape.headers.is_empty() => Preset::Scoregate,
        None | Some(shape::Preset::Nothing) => Preset::Nothing,
        Some(shape::Preset::Scoregate) => Preset::Scoregate,
        Some(shape::Preset::RemoteUser) => Preset::RemoteUser,
        Some(shape::Preset::XForwardedUser) => Preset::XForwardedUser,
        Some(shape::Preset::Webauth) => Preset::Webauth,
        Some(shape::Preset::Authelia) => Preset::Authelia,
        Some(shape::Preset::Oauth2Proxy) => Preset::Oauth2Proxy,
        Some(shape::Preset::Siteminder) => Preset::Siteminder,
    }
}

/// As portals fold names.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}
