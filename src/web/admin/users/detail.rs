//! A5: one user: what they have, which routes they can open and what is missing, where they are signed in,
//! their roles. Not here: changing any of it.

use askama::Template;
use axum::extract::{Path, State};

use super::words;
use crate::accounts::{Account, Contact, ContactKind, UserId, UserState};
use crate::audit::Actor;
use crate::gate::DirectoryPolicy;
use crate::operations::explain::Answer as Verdict;
use crate::operations::{Operation, Outcome, PlaceAccess, Refused, SessionSummary, UserRef};
use crate::points::{Method, Timestamp, reach};
use crate::web::admin::directories::title;
use crate::web::admin::duties::Section;
use crate::web::admin::layout::Layout;
use crate::web::admin::visitor::Visitor;
use crate::web::admin::{AdminPortal, sentences};
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{Frame, Icon, Refusal, html};
use crate::web::router::refused;

/// Something that the user has.
struct MethodRow {
    icon: Icon,
    name: String,
    what: String,
    added: String,
    used: String,
    points: u16,
    note: String,
}

/// A place of their directory.
struct AccessRow {
    place: String,
    route: String,
    level: String,
    is_open: bool,
    verdict: String,
    ways: Vec<String>,
}

struct SessionRow {
    methods: String,
    since: String,
    seen: String,
    device: String,
}

/// A contact, as the page shows it.
struct ContactRow {
    label: String,
    address: String,
    note: String,
}

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    directory: String,
    directory_title: String,
    name: String,
    state: String,
    is_disabled: bool,
    language: String,
    created: String,
    last: String,
    highest: u16,
    required: u16,
    is_short: bool,
    opens: String,
    contacts: Vec<ContactRow>,
    methods: Vec<MethodRow>,
    access: Vec<AccessRow>,
    sessions: Vec<SessionRow>,
    roles: Vec<String>,
}

/// One user as they stand when a page is made.
pub(super) struct Desk<'a> {
    pub(super) admin: &'a AdminPortal,
    pub(super) visitor: &'a Visitor,
    pub(super) frame: Frame,
    pub(super) account: Account,
    pub(super) policy: DirectoryPolicy,
}

impl<'a> Desk<'a> {
    /// `Err`: there is no such user, or their directory is gone, or they cannot be read.
    pub(super) async fn at(
        admin: &'a AdminPortal,
        visitor: &'a Visitor,
        id: &str,
    ) -> Result<Self, Answer> {
        let caller = &visitor.caller;
        let refuse = |kind, refusal| refused(&admin.portal, caller, kind, refusal);
        let account = match admin.roster.load_user(&UserId(id.into())).await {
            Ok(Some(account)) => account,
            Ok(None) => return Err(refuse(Kind::NotFound, Refusal::NotFound)),
            Err(error) => return Err(super::not_read(&error, refuse)),
        };
        let directory = caller.arrival.snapshot.directory(&account.user.directory);
        let Some(policy) = directory.cloned() else {
            return Err(refuse(Kind::NotFound, Refusal::NotFound));
        };
        Ok(Self { frame: caller.frame(&admin.portal), admin, visitor, account, policy })
    }

    pub(super) fn user_ref(&self) -> UserRef {
        let user = &self.account.user;
        UserRef { name: user.name.to_string(), directory: Some(user.directory.to_string()) }
    }

    /// In the name of whoever visits.
    pub(super) async fn perform(&self, operation: Operation) -> Result<Outcome, Refused> {
        let Some(account) = self.visitor.caller.account() else { return Err(Refused::NotAllowed) };
        let actor = Actor::User(account.user.id.clone());
        self.admin.operator.perform(operation, &actor).await
    }
}

/// `GET /users/{id}`
pub(super) async fn show(
    State(admin): State<AdminPortal>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    match desk.found().await {
        Ok(found) => desk.page(&found),
        Err(problem) => {
            tracing::warn!(%problem, "a user was not shown");
            refused(&admin.portal, &visitor.caller, Kind::Failed, Refusal::Unavailable)
        }
    }
}

/// What is asked of the operator for a page.
struct Found {
    places: Vec<PlaceAccess>,
    sessions: Vec<SessionSummary>,
}

impl Desk<'_> {
    async fn found(&self) -> Result<Found, Refused> {
        let places = match self.perform(Operation::UserAccess { user: self.user_ref() }).await? {
            Outcome::Access { places } => places,
            _ => Vec::new(),
        };
        let user = Some(self.user_ref());
        let sessions = match self.perform(Operation::SessionList { user }).await? {
            Outcome::Sessions { sessions } => sessions,
            _ => Vec::new(),
        };
        Ok(Found { places, sessions })
    }

    fn page(&self, found: &Found) -> Answer {
        let (frame, user) = (&self.frame, &self.account.user);
        let settings = &self.policy.settings;
        let highest = reach(&words::usable(&self.account, &self.policy), settings, frame.now);
        let is_disabled = user.state == UserState::Disabled;
        let heading = user.display_name.clone().unwrap_or_else(|| user.name.to_string());
        let snapshot = &self.visitor.caller.arrival.snapshot;
        let view = UserView {
            title: frame.title(&heading, false),
            heading,
            layout: &Layout::of(&self.visitor.caller, Some(Section::Users)),
            directory: user.directory.to_string(),
            directory_title: title(snapshot, &user.directory, frame.language),
            name: user.name.to_string(),
            state: frame.t(self.state_key()),
            is_disabled,
            language: user.language.clone().unwrap_or_else(|| "–".to_owned()),
            created: sentences::instant(frame, user.created_at),
            last: words::last_sign_in(frame, user),
            highest: highest.value(),
            required: settings.required_level.value(),
            is_short: !is_disabled && highest < settings.required_level,
            opens: self.opens(&found.places),
            contacts: self.account.contacts.iter().map(|one| self.contact(one)).collect(),
            methods: self.methods(),
            access: found.places.iter().map(|place| self.access(place)).collect(),
            sessions: found.sessions.iter().map(|session| self.session(session)).collect(),
            roles: user.roles.iter().map(ToString::to_string).collect(),
            frame,
        };
        self.visitor.page(Kind::Page, html(&view))
    }

    fn state_key(&self) -> &'static str {
        match self.account.user.state {
            UserState::Disabled => "users-state-disabled",
            UserState::Active if words::is_invited(&self.account) => "users-state-invited",
            UserState::Active => "users-state-active",
        }
    }

    /// `Can open 14 of 15 places`
    fn opens(&self, places: &[PlaceAccess]) -> String {
        let open = places.iter().filter(|place| place.is_open).count();
        self.frame.text("users-opens", &[("n", &open), ("all", &places.len())])
    }

    fn contact(&self, contact: &Contact) -> ContactRow {
        let key = match contact.kind {
            ContactKind::Email => "users-email",
            ContactKind::Phone => "users-phone",
        };
        let note = if contact.is_usable { "users-confirmed" } else { "users-unconfirmed" };
        ContactRow {
            label: self.frame.t(key),
            address: contact.address.clone(),
            note: self.frame.t(note),
        }
    }

    fn row(&self, method: Method, added: Timestamp) -> MethodRow {
        let points = self.policy.settings.policy(method).points.value();
        let note = if self.policy.offered.contains(method) { "" } else { "users-not-offered" };
        MethodRow {
            icon: Icon::of(method),
            name: self.frame.t(sentences::method_key(method)),
            what: String::new(),
            added: sentences::instant(&self.frame, added),
            used: String::new(),
            points,
            note: if note.is_empty() { String::new() } else { self.frame.t(note) },
        }
    }

    fn methods(&self) -> Vec<MethodRow> {
        let account = &self.account;
        let password = account.password.iter().map(|password| {
            let row = self.row(Method::Password, password.set_at);
            match password.reset_through {
                Some(_) => MethodRow { note: self.frame.t("users-reset-mark"), ..row },
                None => row,
            }
        });
        let apps = account.apps.iter().map(|app| MethodRow {
            what: app.name.clone().unwrap_or_default(),
            ..self.row(Method::Totp, app.added_at)
        });
        let passkeys = account.passkeys.iter().map(|passkey| MethodRow {
            what: passkey.label.clone().unwrap_or_default(),
            used: passkey
                .last_used_at
                .map_or_else(String::new, |at| sentences::instant(&self.frame, at)),
            ..self.row(passkey.method, passkey.added_at)
        });
        let contacts =
            account.contacts.iter().filter(|contact| contact.is_usable).map(|contact| MethodRow {
                what: contact.address.clone(),
                ..self.row(crate::journey::method_of_kind(contact.kind), contact.added_at)
            });
        let codes = account.recovery.iter().map(|codes| MethodRow {
            what: self.frame.t1("users-codes-left", "n", u64::from(codes.left)),
            ..self.row(Method::RecoveryCode, codes.made_at)
        });
        password.chain(passkeys).chain(apps).chain(contacts).chain(codes).collect()
    }

    fn access(&self, place: &PlaceAccess) -> AccessRow {
        let explanation = &place.explanation;
        let methods = |way: &Vec<String>| {
            let methods: Vec<Method> = way.iter().filter_map(|name| name.parse().ok()).collect();
            sentences::together(&self.frame, &methods)
        };
        let verdict = match explanation.verdict {
            Verdict::Public => "users-access-public",
            Verdict::Allow | Verdict::StepUp if place.is_open => "users-access-yes",
            Verdict::Allow | Verdict::StepUp => "users-access-no-way",
            Verdict::Forbid if self.account.user.state == UserState::Disabled => {
                "users-access-disabled"
            }
            Verdict::Forbid | Verdict::Refused => "users-access-forbidden",
        };
        let level = explanation.required_level.map(|level| level.to_string());
        AccessRow {
            place: place.place.clone(),
            route: explanation.route.clone().unwrap_or_default(),
            level: level.unwrap_or_default(),
            is_open: place.is_open,
            verdict: self.frame.t(verdict),
            ways: explanation.ways.iter().flatten().map(methods).collect(),
        }
    }

    fn session(&self, session: &SessionSummary) -> SessionRow {
        let at = |text: &str| {
            let at: Option<jiff::Timestamp> = text.parse().ok();
            let millis = at.and_then(|at| u64::try_from(at.as_millisecond()).ok());
            millis.map(|at| sentences::instant(&self.frame, Timestamp::from_millis(at)))
        };
        let methods: Vec<Method> =
            session.methods.iter().filter_map(|name| name.parse().ok()).collect();
        SessionRow {
            methods: sentences::together(&self.frame, &methods),
            since: at(&session.created_at).unwrap_or_default(),
            seen: at(&session.last_seen_at).unwrap_or_default(),
            device: [&session.user_agent, &session.address]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}
