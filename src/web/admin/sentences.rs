//! What the administrators' pages say of settings, in the words of GRIP's page: changes, warnings,
//! problems, instants. Not here: what is true (`settings`).

use crate::points::{Method, Settings, Timestamp};
use crate::settings::{Field, Problem, Warning};
use crate::web::pages::Frame;

/// The key of a method's name in the administrators' portal.
pub(super) const fn method_key(method: Method) -> &'static str {
    match method {
        Method::Password => "admin-method-password",
        Method::Email => "admin-method-email",
        Method::Sms => "admin-method-sms",
        Method::Totp => "method-totp",
        Method::Passkey => "method-passkey",
        Method::SecurityKey => "method-security-key",
        Method::RecoveryCode => "method-recovery-code",
        Method::RememberedDevice => "method-remembered-device",
        Method::Token => "method-token",
    }
}

/// `Credentials + SMS`
pub(super) fn together(frame: &Frame, methods: &[Method]) -> String {
    let names: Vec<String> = methods.iter().map(|method| frame.t(method_key(*method))).collect();
    names.join(" + ")
}

fn label(frame: &Frame, field: Field) -> String {
    match field {
        Field::RequiredLevel => frame.t("admin-required-score"),
        Field::First => frame.t("admin-first"),
        Field::Points(method) => frame.t(method_key(method)),
        Field::RememberedDevice => frame.t("admin-remembered"),
    }
}

fn value(frame: &Frame, settings: &Settings, field: Field) -> String {
    match field {
        Field::RequiredLevel => settings.required_level.to_string(),
        Field::First => together(frame, &settings.first.iter().collect::<Vec<_>>()),
        Field::Points(method) => settings.policy(method).points.value().to_string(),
        Field::RememberedDevice => match settings.policy(Method::RememberedDevice).lifetime {
            crate::points::Lifetime::Session => "–".to_owned(),
            crate::points::Lifetime::For(span) => (span.as_secs() / 86_400).to_string(),
        },
    }
}

/// What differs: `Required score 30 → 40; SMS 10 → 0`. Empty: nothing.
pub(super) fn change(frame: &Frame, before: &Settings, after: &Settings) -> String {
    let differing = Field::all().filter_map(|field| {
        let (was, is) = (value(frame, before, field), value(frame, after, field));
        (was != is).then(|| format!("{} {was} → {is}", label(frame, field)))
    });
    differing.collect::<Vec<_>>().join("; ")
}

/// A warning, with the class of its note.
pub(super) fn warning(frame: &Frame, warning: &Warning) -> (&'static str, String) {
    let text = match warning {
        Warning::NobodyCan => frame.t("admin-w1"),
        Warning::NotYou => frame.t("admin-w2"),
        Warning::NoOwner => frame.t("admin-w3"),
        Warning::SomeCannot(count) => frame.t1("admin-w4", "n", *count),
        Warning::OneIsEnough(method) => {
            frame.t1("admin-w5", "method", frame.t(method_key(*method)))
        }
        Warning::WithoutCredentials(way) => frame.t1("admin-w6", "way", together(frame, way)),
        Warning::NoNotifier(method) => frame.t1("admin-w7", "method", frame.t(method_key(*method))),
        Warning::Lower { before, after } => frame
            .text("admin-w8", &[("before", &before.to_string()), ("after", &after.to_string())]),
        Warning::RouteOutOfReach { name, level } => {
            frame.text("admin-w9", &[("route", name), ("level", &level.to_string())])
        }
        Warning::TwoCodes(way) => frame.t1("admin-w10", "way", together(frame, way)),
        Warning::Restricted(method) => {
            frame.t1("admin-w11", "method", frame.t(method_key(*method)))
        }
        Warning::Higher { .. } => frame.t("admin-w13"),
    };
    let class = match warning {
        Warning::NobodyCan | Warning::NoOwner | Warning::NotYou => "note bad small",
        Warning::Restricted(_) | Warning::Higher { .. } => "note small",
        _ => "note warn small",
    };
    (class, text)
}

/// What is wrong with a draft, and what to do.
pub(super) fn problem(frame: &Frame, problem: &Problem) -> String {
    match problem {
        Problem::NotANumber { field, typed, least, most } => frame.text(
            "admin-not-a-number",
            &[
                ("field", &label(frame, *field)),
                ("typed", typed),
                ("least", &least.to_string()),
                ("most", &most.to_string()),
            ],
        ),
        Problem::NoFirst => frame.t("admin-no-first"),
        Problem::Locked { field, place } => {
            let place = place.clone().unwrap_or_else(|| "admin.read_only".to_owned());
            frame.text("admin-w12", &[("field", &label(frame, *field)), ("place", &place)])
        }
        Problem::BelowFloor { typed, floor } => frame.text(
            "admin-below-floor",
            &[("typed", &typed.to_string()), ("floor", &floor.to_string())],
        ),
        Problem::Alone { method, points, required } => frame.text(
            "admin-never-alone",
            &[
                ("method", &frame.t(method_key(*method))),
                ("points", &points.to_string()),
                ("required", &required.to_string()),
            ],
        ),
    }
}

/// Date and time of day in the zone of this machine.
pub(super) fn instant(frame: &Frame, at: Timestamp) -> String {
    i64::try_from(at.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|at| frame.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// A date and time as a browser's field sends it, in the zone of this machine.
pub(super) fn typed_instant(frame: &Frame, typed: &str) -> Option<Timestamp> {
    let civil: jiff::civil::DateTime = typed.trim().parse().ok()?;
    let millis = frame.zone.to_timestamp(civil).ok()?.as_millisecond();
    u64::try_from(millis).ok().map(Timestamp::from_millis)
}
