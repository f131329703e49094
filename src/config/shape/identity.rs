//! What files say about identity, as it is written. Not here: what the words mean (`config::identity`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::texts::{FieldTemplate, Line};
use super::SecretSource;

/// How the portal is told who somebody is. On public addresses it is told nobody's name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Identity {
    /// The header fields that the portal reads: `"scoregate"` (`X-Scoregate-User` and others),
    /// `"remote-user"` (`Remote-User`), `"x-forwarded-user"`, `"webauth"` (`X-WEBAUTH-USER`: Grafana,
    /// Gitea), `"authelia"` (`Remote-User` and others), `"oauth2-proxy"`, `"siteminder"` (`SM_USER`), or
    /// `"nothing"`. Default: `"scoregate"`; where `headers` is set, `"nothing"`.
    pub(in super::super) preset: Option<Preset>,
    /// Header fields of your own, by name: text with `{user}`, `{name}`, `{email}`, `{roles}`,
    /// `{score}` and `{methods}` in it. A field of which every fact is empty is left out. Example:
    /// `{ X-Remote-User = "{user}" }`.
    #[serde(default)]
    #[schemars(extend("x-fields" = true))]
    pub(in super::super) headers: BTreeMap<String, FieldTemplate>,
    /// Whether the portal gets a signed assertion too, as `X-Scoregate-Jwt`: a JWT (ES256) that is good
    /// for a minute, checked with the keys under `/.scoregate/jwks.json`. Default: `false`.
    pub(in super::super) assertion: Option<bool>,
    /// For `assertion`: whom it is for (`aud`). Default: the route's name. Example: `"grafana"`.
    pub(in super::super) audience: Option<Line>,
    /// What the gateway shows at the portal as `Authorization`, in place of the client's, with every
    /// request: the whole value, such as `Basic c2NvcmVnYXRlOng=`, kept as
    /// `{ file = "/run/secrets/portal" }`, `{ credential = "portal" }` (systemd) or `{ env = "PORTAL" }`.
    pub(in super::super) authorization: Option<SecretSource>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(in super::super) enum Preset {
    Scoregate,
    RemoteUser,
    XForwardedUser,
    Webauth,
    Authelia,
    #[serde(rename = "oauth2-proxy")]
    Oauth2Proxy,
    Siteminder,
    Nothing,
}
