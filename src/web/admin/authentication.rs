//! A3: what a directory asks, what each method is worth, and what a change would do, before it is saved.
//! Every page is made from the draft in the form and what is in force at that moment; nothing of a draft is
//! kept between pages. Not here: judging (`settings`), and the dialog (`saving`).

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::directories::title;
use super::duties::{Deed, Section};
use super::layout::Layout;
use super::visitor::Visitor;
use super::{AdminPortal, Pages, saving, sentences};
use crate::accounts::DirectoryName;
use crate::points::{Lifetime, Method, MethodSet, Settings};
use crate::settings::{
    Author, Chosen, Field, Ground, Locks, Preview, Problem, Revision, Standing, Warning, draft,
};
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{Frame, Hidden, Icon, Refusal, html};
use crate::web::router::refused;

pub(super) fn pages() -> Pages {
    let at = |rest: &str| format!("/directories/{{name}}/{rest}");
    Pages {
        looks: Router::new()
            .route(&at("authentication"), get(show))
            .route(&at("preview"), post(preview))
            .route(&at("review"), post(saving::review))
            .route(&at("history"), get(saving::history)),
        changes: Router::new()
            .route(&at("save"), post(saving::save))
            .route(&at("confirm"), post(saving::confirm))
            .route(&at("end"), post(saving::end)),
        ..Pages::default()
    }
}

/// What an address says beside the directory.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// The revision whose values are to be shown.
    from: Option<u64>,
    /// `standard` or `password`.
    preset: Option<String>,
    /// What became of a form.
    pub(super) said: Option<String>,
}

/// One directory as it stands when a page is made.
pub(super) struct Desk<'a> {
    pub(super) admin: &'a AdminPortal,
    pub(super) visitor: &'a Visitor,
    pub(super) frame: Frame,
    pub(super) ground: std::sync::Arc<Ground>,
    pub(super) directory: DirectoryName,
    pub(super) locks: Locks,
    pub(super) file: Settings,
    pub(super) running: Settings,
    pub(super) revision: Option<Revision>,
    /// The number of the newest revision when `running` was read.
    pub(super) newest: u64,
}

impl<'a> Desk<'a> {
    /// `Err`: there is no such directory, or what is in force cannot be read.
    pub(super) fn at(
        admin: &'a AdminPortal,
        visitor: &'a Visitor,
        name: &str,
    ) -> Result<Self, Answer> {
        let caller = &visitor.caller;
        let refuse = |kind, refusal| refused(&admin.portal, caller, kind, refusal);
        let ground = admin.ground.load_full();
        let found = ground.config.directories.get_key_value(name);
        let (directory, file) = match found {
            Some((directory, config)) => (directory.clone(), config.settings.clone()),
            None => return Err(refuse(Kind::NotFound, Refusal::NotFound)),
        };
        let (revision, newest) = admin.policies.running_and_newest(name, caller.arrival.now);
        let chosen = revision.as_ref().map(|revision| &revision.chosen);
        let Ok(Some(running)) = ground.with(name, chosen) else {
            return Err(refuse(Kind::Failed, Refusal::Fault));
        };
        Ok(Self {
            frame: caller.frame(&admin.portal),
            locks: ground.locks(name),
            admin,
            visitor,
            ground,
            directory,
            file,
            running,
            revision,
            newest,
        })
    }

    pub(super) fn title(&self) -> String {
        let snapshot = &self.visitor.caller.arrival.snapshot;
        title(snapshot, &self.directory, self.frame.language)
    }

    /// The draft in the form.
    pub(super) fn draft(&self) -> Result<(Chosen, Settings), Vec<Problem>> {
        let typed = |name: &str| self.visitor.typed(name).map(str::to_owned);
        let running = self.revision.as_ref().map(|revision| revision.chosen.clone());
        let running = running.unwrap_or_default();
        let guard = &self.ground.config.guard;
        let chosen = draft(typed, &self.file, &self.locks, guard, &running)?;
        match self.ground.with(&self.directory, Some(&chosen)) {
            Ok(Some(settings)) => Ok((chosen, settings)),
            Ok(None) | Err(_) => Err(Vec::new()),
        }
    }

    pub(super) async fn judge(&self, draft: &Settings) -> Result<Preview, Answer> {
        let arrival = &self.visitor.caller.arrival;
        let session = arrival.session.as_ref();
        let author = Author {
            enrolled: session.map(|one| one.enrolled().to_vec()).unwrap_or_default(),
            is_of_directory: session.is_some_and(|one| one.directory() == &*self.directory),
        };
        let policies = &self.admin.policies;
        match policies.judge(&self.ground, &self.directory, draft, author, arrival.now).await {
            Ok(Some(preview)) => Ok(preview),
            Ok(None) => Err(self.refuse(Kind::NotFound, Refusal::NotFound)),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a draft was not judged");
                Err(self.refuse(Kind::Failed, Refusal::Unavailable))
            }
        }
    }

    pub(super) fn refuse(&self, kind: Kind, refusal: Refusal) -> Answer {
        refused(&self.admin.portal, &self.visitor.caller, kind, refusal)
    }

    /// `revision 41 (anna, 2026-05-03 10:12)`, or what files say.
    pub(super) fn running_text(&self) -> String {
        match &self.revision {
            None => self.frame.t("admin-running-files"),
            Some(revision) => self.frame.text(
                "admin-running",
                &[
                    ("n", &revision.number),
                    ("author", &revision.author),
                    ("at", &sentences::instant(&self.frame, revision.at)),
                ],
            ),
        }
    }

    pub(super) fn hidden(&self) -> Hidden {
        self.visitor.caller.hidden_without_transaction()
    }
}

/// `GET …/authentication`
async fn show(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let Some(settings) = desk.asked(&asked) else {
        return desk.refuse(Kind::NotFound, Refusal::NotFound);
    };
    page(&desk, Typed::Values(&settings), &settings, &[], asked.said.as_deref()).await
}

/// `POST …/preview`: the same page, for what was typed.
async fn preview(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    again(&desk, Vec::new()).await
}

/// The page with what was typed, and with what is wrong with it.
pub(super) async fn again(desk: &Desk<'_>, said: Vec<String>) -> Answer {
    // Typed on top of the revision that the form was opened with, and of no newer one.
    let base = desk.visitor.typed("base").and_then(|base| base.parse().ok()).unwrap_or(0);
    again_on(desk, base, said).await
}

/// As [`again`], for somebody who was shown what `base` changed.
pub(super) async fn again_on(desk: &Desk<'_>, base: u64, mut said: Vec<String>) -> Answer {
    let typed = Typed::Form(desk.visitor, base);
    match desk.draft() {
        Ok((_, settings)) => page(desk, typed, &settings, &said, None).await,
        Err(problems) => {
            said.extend(problems.iter().map(|one| sentences::problem(&desk.frame, one)));
            page(desk, typed, &desk.running.clone(), &said, None).await
        }
    }
}

impl Desk<'_> {
    /// The values to begin with: those in force, an earlier revision's (0: what files say), or a preset's.
    /// `None`: there is no such revision.
    fn asked(&self, asked: &Asked) -> Option<Settings> {
        let Some(number) = asked.from else { return Some(self.preset(asked.preset.as_deref())) };
        let history = self.admin.policies.history(&self.directory);
        let wanted = history.iter().find(|revision| revision.number == number);
        if number > 0 && wanted.is_none() {
            return None;
        }
        let settings = self.ground.with(&self.directory, wanted.map(|wanted| &wanted.chosen));
        Some(settings.ok().flatten().unwrap_or_else(|| self.running.clone()))
    }

    fn preset(&self, preset: Option<&str>) -> Settings {
        let standard = Settings::standard();
        let mut settings = self.running.clone();
        let level = match preset {
            Some("standard") => standard.required_level,
            Some("password") => crate::points::Level::new(20).unwrap_or(standard.required_level),
            Some(_) | None => return settings,
        };
        let is_open = |field| !self.locks.locks(field);
        if is_open(Field::RequiredLevel) {
            settings.required_level = level;
        }
        for method in [Method::Password, Method::Sms, Method::Email, Method::Totp, Method::Passkey]
        {
            if is_open(Field::Points(method)) {
                let mut policy = settings.policy(method);
                policy.points = standard.policy(method).points;
                settings.set(method, policy);
            }
        }
        settings
    }
}

/// The methods in the order of GRIP's page; what a token is worth comes with the token.
const ROWS: [Method; 8] = [
    Method::Password,
    Method::Sms,
    Method::Email,
    Method::Totp,
    Method::Passkey,
    Method::SecurityKey,
    Method::RecoveryCode,
    Method::RememberedDevice,
];

/// Where the values of the fields come from.
#[derive(Clone, Copy)]
enum Typed<'a> {
    Values(&'a Settings),
    /// With the number of the revision that was shown when it was typed.
    Form(&'a Visitor, u64),
}

impl Typed<'_> {
    fn number(self, field: Field) -> String {
        match self {
            Self::Form(visitor, _) => visitor.typed(&field.name()).unwrap_or_default().to_owned(),
            Self::Values(settings) => match field {
                Field::RequiredLevel => settings.required_level.to_string(),
                Field::Points(method) => settings.policy(method).points.value().to_string(),
                Field::RememberedDevice => match settings.policy(Method::RememberedDevice).lifetime
                {
                    Lifetime::For(span) => (span.as_secs() / 86_400).to_string(),
                    Lifetime::Session => String::new(),
                },
                Field::First => String::new(),
            },
        }
    }

    fn is_first(self, method: Method) -> bool {
        match self {
            Self::Form(visitor, _) => visitor.typed(&format!("first_{method}")).is_some(),
            Self::Values(settings) => settings.first.contains(method),
        }
    }
}

/// The number of a revision that waits, and what is said of it.
type Pending = (u64, String);

/// A field with its lock.
struct FieldView {
    name: String,
    value: String,
    /// It cannot be changed here; where it is set.
    lock: Option<String>,
    /// What is in force, where that differs.
    was: Option<String>,
}

struct FirstBox {
    name: String,
    text: String,
    is_ticked: bool,
}

struct MethodRow {
    icon: Icon,
    name: String,
    hint: String,
    field: FieldView,
    alone: bool,
    /// Who has it, and how many of a hundred that are; `None`: of what people fall back on nobody is counted.
    users: Option<(u64, u64)>,
}

struct WayView {
    steps: Vec<(Icon, String)>,
    score: u16,
}

pub(super) struct PreviewView {
    ways: Vec<WayView>,
    routes: Vec<String>,
    pub(super) users: String,
    can: u64,
    all: u64,
    pub(super) cannot: u64,
    names: Vec<String>,
    owners: u64,
    pub(super) against: String,
    pub(super) replay: String,
    pub(super) warnings: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "admin/authentication.html")]
struct AuthenticationView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    base: String,
    directory: String,
    hidden: Hidden,
    newest: u64,
    running: String,
    required: FieldView,
    first: Vec<FirstBox>,
    first_lock: Option<String>,
    rows: Vec<MethodRow>,
    remembered: Option<FieldView>,
    preview: PreviewView,
    said: &'a [String],
    done: Option<String>,
    change: String,
    to_confirm: Option<(u64, String)>,
    waiting: Vec<(u64, String)>,
    may_change: bool,
    read_only: bool,
}

async fn page(
    desk: &Desk<'_>,
    typed: Typed<'_>,
    draft: &Settings,
    said: &[String],
    done: Option<&str>,
) -> Answer {
    let judged = match desk.judge(draft).await {
        Ok(judged) => judged,
        Err(answer) => return answer,
    };
    let preview = desk.preview_view(&judged).await;
    let frame = &desk.frame;
    let heading = frame.t1("admin-a3-title", "directory", desk.title());
    let (to_confirm, waiting) = desk.pending();
    let view = AuthenticationView {
        title: frame.title(&heading, !said.is_empty()),
        heading,
        layout: &Layout::of(&desk.visitor.caller, Some(Section::Directories)),
        base: format!("/directories/{}", desk.directory),
        directory: desk.title(),
        hidden: desk.hidden(),
        newest: match typed {
            Typed::Values(_) => desk.newest,
            Typed::Form(_, base) => base,
        },
        running: desk.running_text(),
        required: desk.field(Field::RequiredLevel, typed),
        first: first_boxes(frame, typed, draft.first),
        first_lock: desk.lock(Field::First),
        rows: ROWS
            .iter()
            .filter_map(|method| judged.methods.iter().find(|line| line.method == *method))
            .map(|line| desk.row(line, judged.users, typed))
            .collect(),
        remembered: Some(desk.field(Field::RememberedDevice, typed))
            .filter(|field| !field.value.is_empty()),
        preview,
        said,
        done: done.and_then(|done| desk.done(done)),
        change: sentences::change(frame, &desk.running, draft),
        to_confirm,
        waiting,
        may_change: desk.visitor.may(Deed::Change),
        read_only: desk.locks.is_read_only(),
        frame,
    };
    let kind = if said.is_empty() { Kind::Page } else { Kind::Malformed };
    desk.visitor.page(kind, html(&view))
}

fn first_boxes(frame: &Frame, typed: Typed<'_>, draft: MethodSet) -> Vec<FirstBox> {
    // The others are for files: few want them, and without credentials they are a risk of their own.
    let usual = [Method::Password, Method::Passkey];
    let others = draft.iter().filter(|method| !usual.contains(method));
    usual
        .into_iter()
        .chain(others)
        .map(|method| FirstBox {
            name: format!("first_{method}"),
            text: frame.t(sentences::method_key(method)),
            is_ticked: typed.is_first(method),
        })
        .collect()
}

impl Desk<'_> {
    /// Where a setting is set that cannot be changed here.
    fn lock(&self, field: Field) -> Option<String> {
        let place = || self.locks.place(field).unwrap_or("admin.read_only").to_owned();
        self.locks.locks(field).then(place)
    }

    fn field(&self, field: Field, typed: Typed<'_>) -> FieldView {
        let value = typed.number(field);
        let was = Typed::Values(&self.running).number(field);
        FieldView {
            name: field.name(),
            lock: self.lock(field),
            was: (was != value).then_some(was),
            value,
        }
    }

    fn row(&self, line: &crate::settings::MethodLine, all: u64, typed: Typed<'_>) -> MethodRow {
        let method = line.method;
        let hint = match method {
            _ if !line.usable => "admin-hint-unusable",
            Method::Password => "admin-hint-password",
            Method::Sms => "admin-hint-sms",
            Method::Email => "admin-hint-email",
            Method::RecoveryCode => "admin-hint-recovery",
            Method::RememberedDevice => "admin-hint-device",
            Method::Passkey | Method::Totp | Method::SecurityKey | Method::Token => "",
        };
        MethodRow {
            icon: Icon::of(method),
            name: self.frame.t(sentences::method_key(method)),
            hint: if hint.is_empty() { String::new() } else { self.frame.t(hint) },
            field: self.field(Field::Points(method), typed),
            alone: line.alone,
            users: method
                .is_forecast()
                .then(|| (line.users, (line.users * 100).checked_div(all).unwrap_or(0))),
        }
    }

    pub(super) async fn preview_view(&self, judged: &Preview) -> PreviewView {
        let frame = &self.frame;
        let step = |method: &Method| (Icon::of(*method), frame.t(sentences::method_key(*method)));
        let ways = judged
            .ways
            .iter()
            .map(|(way, score)| WayView { steps: way.iter().map(step).collect(), score: *score });
        let route = |route: &crate::settings::RouteReach| {
            frame.text(
                "admin-route-ways",
                &[
                    ("route", &route.name),
                    ("level", &route.level.to_string()),
                    ("ways", &route.ways),
                    ("users", &route.users),
                ],
            )
        };
        let store = self.admin.policies.store();
        let names = store.users_with(&self.directory, &judged.cannot_sets, 50).await;
        PreviewView {
            ways: ways.collect(),
            routes: judged.routes.iter().map(route).collect(),
            users: frame.text("admin-of", &[("can", &judged.can), ("all", &judged.users)]),
            can: judged.can,
            all: judged.users.max(1),
            cannot: judged.cannot(),
            names: names.unwrap_or_default().iter().map(ToString::to_string).collect(),
            owners: judged.owners_who_cannot,
            against: frame
                .text("admin-against-text", &[("lose", &judged.lose), ("gain", &judged.gain)]),
            replay: self.replay(judged),
            warnings: judged
                .warnings
                .iter()
                // Normal, and said in its row.
                .filter(|one| !matches!(one, Warning::Restricted(_)))
                .map(|one| sentences::warning(frame, one))
                .collect(),
        }
    }

    fn replay(&self, judged: &Preview) -> String {
        let replay = judged.replay;
        if replay.sign_ins == 0 {
            return self.frame.t("admin-replay-none");
        }
        self.frame.text(
            "admin-replay-text",
            &[
                ("n", &replay.sign_ins),
                ("same", &replay.same),
                ("more", &replay.more),
                ("fewer", &replay.fewer),
            ],
        )
    }

    /// The revision that waits to be confirmed, and those that are scheduled or kept as a draft.
    fn pending(&self) -> (Option<Pending>, Vec<Pending>) {
        let now = self.visitor.caller.arrival.now;
        let (mut to_confirm, mut waiting) = (None, Vec::new());
        for revision in self.admin.policies.history(&self.directory) {
            let number = revision.number;
            let at = |at| sentences::instant(&self.frame, at);
            match revision.standing(now) {
                // Only what runs can be confirmed: whoever signs in now signs in under that.
                Standing::ToConfirm(by) if self.runs(number) => {
                    let by = self.frame.clock(by);
                    let text = self.frame.text("admin-to-confirm", &[("n", &number), ("by", &by)]);
                    to_confirm = Some((number, text));
                }
                Standing::Scheduled => {
                    let starts = revision.starts_at.map(at).unwrap_or_default();
                    let text =
                        self.frame.text("admin-scheduled", &[("n", &number), ("at", &starts)]);
                    waiting.push((number, text));
                }
                Standing::ReportOnly => {
                    waiting.push((number, self.frame.t1("admin-report-only", "n", number)));
                }
                Standing::ToConfirm(_) | Standing::Started | Standing::Lapsed | Standing::Ended => {
                }
            }
        }
        (to_confirm, waiting)
    }

    pub(super) fn runs(&self, number: u64) -> bool {
        self.revision.as_ref().is_some_and(|running| running.number == number)
    }

    fn done(&self, done: &str) -> Option<String> {
        let key = match done {
            "saved" => "admin-done-saved",
            "scheduled" => "admin-done-scheduled",
            "report" => "admin-done-report",
            "confirmed" => "admin-done-confirmed",
            "ended" => "admin-done-ended",
            "same-session" => "admin-confirm-anew",
            _ => return None,
        };
        Some(self.frame.t(key))
    }
}
