//! A4: the users of a directory, found, filtered, a page at a time. What is asked is in the address, so that
//! a list can be shared. Not here: one user (`detail`), and what a role may do (`duties`).

mod detail;
mod words;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::directories::title;
use super::duties::Section;
use super::layout::Layout;
use super::visitor::Visitor;
use super::{AdminPortal, Pages, sentences};
use crate::accounts::{
    Account, ContactKind, DirectoryName, RosterQuery, Shown, StoreError, UserState,
};
use crate::gate::DirectoryPolicy;
use crate::points::{Method, MethodSet, Role, leads_in_with, reach};
use crate::settings::Group;
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{Frame, Icon, Refusal, html};
use crate::web::router::refused;

pub(super) fn pages() -> Pages {
    Pages {
        looks: Router::new().route("/users", get(list)).route("/users/{id}", get(detail::show)),
        ..Pages::default()
    }
}

/// On one page.
const PAGE: u32 = 50;

/// What the address asks.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    directory: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    show: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    after: String,
}

/// A filter, as its word in the address and the key of its name.
const FILTERS: [(&str, &str); 7] = [
    ("", "users-everybody"),
    ("cannot", "users-cannot"),
    ("no-phone", "users-no-phone"),
    ("one-step", "users-one-step"),
    ("not-set-up", "users-not-set-up"),
    ("never", "users-never"),
    ("disabled", "users-disabled"),
];

/// A line of the list.
struct Row {
    id: String,
    name: String,
    called: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    methods: Vec<(Icon, String)>,
    highest: u16,
    is_short: bool,
    last: String,
    is_disabled: bool,
    is_invited: bool,
    roles: String,
}

struct Pick {
    value: String,
    text: String,
    is_picked: bool,
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    search: String,
    role: String,
    filters: Vec<Pick>,
    directories: Vec<Pick>,
    directory: String,
    counted: String,
    short: Option<String>,
    rows: Vec<Row>,
    is_later: bool,
    first: String,
    next: Option<String>,
}

/// What a list is made from.
struct List<'a> {
    admin: &'a AdminPortal,
    frame: Frame,
    directory: DirectoryName,
    policy: DirectoryPolicy,
    groups: Vec<Group>,
    asked: Asked,
}

/// `GET /users`
async fn list(
    State(admin): State<AdminPortal>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Answer {
    let refuse = |kind, refusal| refused(&admin.portal, &visitor.caller, kind, refusal);
    let snapshot = &visitor.caller.arrival.snapshot;
    let wanted = match &*asked.directory {
        "" => snapshot.config.admin_directory().map(|name| &**name).unwrap_or_default(),
        name => name,
    };
    let Some((directory, policy)) = snapshot.directories.get_key_value(wanted) else {
        return refuse(Kind::NotFound, Refusal::NotFound);
    };
    let groups = match admin.policies.store().groups(directory).await {
        Ok(groups) => groups,
        Err(error) => return not_read(&error, refuse),
    };
    let list = List {
        frame: visitor.caller.frame(&admin.portal),
        directory: directory.clone(),
        policy: policy.clone(),
        admin: &admin,
        groups,
        asked,
    };
    match list.page(&visitor).await {
        Ok(answer) => answer,
        Err(error) => not_read(&error, refuse),
    }
}

pub(super) fn not_read(error: &StoreError, refuse: impl Fn(Kind, Refusal) -> Answer) -> Answer {
    tracing::error!(error = error as &dyn std::error::Error, "users were not read");
    refuse(Kind::Failed, Refusal::Unavailable)
}

impl List<'_> {
    async fn page(&self, visitor: &Visitor) -> Result<Answer, StoreError> {
        let roster = &self.admin.roster;
        let mut accounts = roster.roster(&self.query()).await?;
        let disabled = roster.count_disabled(&self.directory).await?;
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let is_more = accounts.len() > page;
        accounts.truncate(page);
        let last = accounts.last().map(|account| account.user.name.to_string());
        let frame = &self.frame;
        let heading = frame.t("users-users");
        let view = UsersView {
            title: frame.title(&heading, false),
            heading,
            layout: &Layout::of(&visitor.caller, Some(Section::Users)),
            search: self.asked.q.clone(),
            role: self.asked.role.clone(),
            filters: self.filters(),
            directories: self.directories(visitor),
            directory: self.directory.to_string(),
            counted: self.counted(disabled),
            short: self.short(),
            rows: accounts.iter().map(|account| self.row(account)).collect(),
            is_later: !self.asked.after.is_empty(),
            first: self.address(None),
            next: last.filter(|_| is_more).map(|last| self.address(Some(&last))),
            frame,
        };
        Ok(visitor.page(Kind::Page, html(&view)))
    }

    fn query(&self) -> RosterQuery {
        let role = self.asked.role.trim();
        let shown = if role.is_empty() { self.shown() } else { Shown::Role(Role::from(role)) };
        RosterQuery {
            directory: self.directory.clone(),
            search: self.asked.q.chars().take(254).collect(),
            shown,
            after: self.asked.after.parse().ok(),
            most: PAGE + 1,
        }
    }

    fn shown(&self) -> Shown {
        match &*self.asked.show {
            "cannot" => self.with(|methods| !self.can(methods)),
            "no-phone" => self.with(|methods| !methods.contains(Method::Sms)),
            "one-step" => self.with(|m| m.iter().count() == 1 && !m.contains(Method::Passkey)),
            "not-set-up" => {
                let first = self.policy.settings.first;
                self.with(|methods| !methods.iter().any(|method| first.contains(method)))
            }
            "never" => Shown::NeverSignedIn,
            "disabled" => Shown::Disabled,
            _ => Shown::Everybody,
        }
    }

    /// Those whose set of methods is so; sets that nobody has are not looked for.
    fn with(&self, is_wanted: impl Fn(MethodSet) -> bool) -> Shown {
        let sets = self.groups.iter().map(|group| group.methods);
        Shown::With(sets.filter(|methods| is_wanted(*methods)).collect())
    }

    fn can(&self, methods: MethodSet) -> bool {
        leads_in_with(methods, self.policy.offered, &self.policy.settings)
    }

    fn filters(&self) -> Vec<Pick> {
        let pick = |(value, key): (&str, &str)| Pick {
            value: value.to_owned(),
            text: self.frame.t(key),
            is_picked: value == self.asked.show,
        };
        FILTERS.map(pick).into()
    }

    fn directories(&self, visitor: &Visitor) -> Vec<Pick> {
        let snapshot = &visitor.caller.arrival.snapshot;
        let pick = |name: &DirectoryName| Pick {
            value: name.to_string(),
            text: title(snapshot, name, self.frame.language),
            is_picked: *name == self.directory,
        };
        snapshot.directories.keys().map(pick).collect()
    }

    fn counted(&self, disabled: u64) -> String {
        let active: u64 = self.groups.iter().map(|group| group.users).sum();
        self.frame.text("users-counted", &[("n", &active), ("disabled", &disabled)])
    }

    /// `41 cannot reach 30`
    fn short(&self) -> Option<String> {
        let groups = self.groups.iter().filter(|group| !self.can(group.methods));
        let count: u64 = groups.map(|group| group.users).sum();
        let level = self.policy.settings.required_level.to_string();
        let text = || self.frame.text("users-short", &[("n", &count), ("level", &level)]);
        (count > 0).then(text)
    }

    /// The same list from its beginning, or from behind a name.
    fn address(&self, after: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("directory", &self.directory);
        let parts = [("q", &self.asked.q), ("show", &self.asked.show), ("role", &self.asked.role)];
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        format!("/users?{}", query.finish())
    }

    fn row(&self, account: &Account) -> Row {
        let user = &account.user;
        let frame = &self.frame;
        let enrolled = words::usable(account, &self.policy);
        let highest = reach(&enrolled, &self.policy.settings, frame.now);
        let methods: MethodSet = account.enrolled().iter().map(|one| one.method).collect();
        let name = |method: Method| (Icon::of(method), frame.t(sentences::method_key(method)));
        let is_disabled = user.state == UserState::Disabled;
        Row {
            id: user.id.0.to_string(),
            name: user.name.to_string(),
            called: user.display_name.clone(),
            email: account.contact(ContactKind::Email).map(|contact| contact.address.clone()),
            phone: account.contact(ContactKind::Phone).map(|one| words::masked(&one.address)),
            methods: methods.iter().map(name).collect(),
            highest: highest.value(),
            is_short: !is_disabled && highest < self.policy.settings.required_level,
            last: words::last_sign_in(frame, user),
            is_disabled,
            is_invited: words::is_invited(account),
            roles: words::roles(user),
        }
    }
}
