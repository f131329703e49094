//! From a draft to a revision: the dialog that says what will happen, saving, confirming, calling off,
//! and the history from which each can be taken back. Not here: the page of the draft.

use askama::Template;
use axum::extract::{Path, State};

use super::AdminPortal;
use super::authentication::{Desk, PreviewView, again, again_on};
use super::duties::{Deed, Section};
use super::layout::Layout;
use super::sentences;
use super::visitor::Visitor;
use crate::audit::{Actor, Event, EventName};
use crate::points::{Settings, Timestamp};
use crate::settings::{Chosen, Mark, Preview, Revision, SaveError, Standing, Wish};
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{Frame, Hidden, Refusal, html};

/// Longer reasons are cut.
const LONGEST_REASON: usize = 500;

#[derive(Template)]
#[template(path = "admin/review.html")]
struct ReviewView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    base: String,
    directory: String,
    name: &'a str,
    hidden: Hidden,
    fields: Vec<(String, String)>,
    change: String,
    preview: PreviewView,
    loses: bool,
    must_confirm: bool,
    scheduled: Vec<String>,
    needs_reason: bool,
    reason: String,
    said: &'a [String],
}

/// `POST …/review`: the dialog. Saves nothing.
pub(super) async fn review(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    match ready(&desk).await {
        Ok(ready) => dialog(&desk, &ready, &[]).await,
        Err(answer) => answer,
    }
}

/// A draft that can be saved.
struct Ready {
    chosen: Chosen,
    settings: Settings,
    judged: Preview,
}

/// The draft, unless it is wrong, changes nothing, or would keep everybody out.
async fn ready(desk: &Desk<'_>) -> Result<Ready, Answer> {
    if desk.locks.is_read_only() {
        return Err(again(desk, vec![desk.frame.t("admin-is-read-only")]).await);
    }
    let Ok((chosen, settings)) = desk.draft() else {
        return Err(again(desk, Vec::new()).await);
    };
    let judged = desk.judge(&settings).await?;
    if judged.is_blocked() {
        return Err(again(desk, vec![desk.frame.t("admin-blocked")]).await);
    }
    if settings == desk.running && chosen == running_choice(desk) {
        return Err(again(desk, vec![desk.frame.t("admin-no-change")]).await);
    }
    Ok(Ready { chosen, settings, judged })
}

fn running_choice(desk: &Desk<'_>) -> Chosen {
    desk.revision.as_ref().map(|revision| revision.chosen.clone()).unwrap_or_default()
}

/// Fields that the dialog asks for itself.
const OWN_FIELDS: [&str; 5] = ["csrf", "reason", "when", "starts_at", "typed_name"];

async fn dialog(desk: &Desk<'_>, ready: &Ready, said: &[String]) -> Answer {
    let frame = &desk.frame;
    let heading = frame.t1("admin-review-title", "directory", desk.title());
    let fields = desk.visitor.form.fields().filter(|(name, _)| !OWN_FIELDS.contains(name));
    let view = ReviewView {
        title: frame.title(&heading, !said.is_empty()),
        heading,
        layout: &Layout::of(&desk.visitor.caller, Some(Section::Directories)),
        base: format!("/directories/{}", desk.directory),
        directory: desk.title(),
        name: &desk.directory,
        hidden: desk.hidden(),
        fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        change: sentences::change(frame, &desk.running, &ready.settings),
        preview: desk.preview_view(&ready.judged).await,
        loses: ready.judged.lose > 0,
        must_confirm: ready.judged.is_risky_for_author(),
        scheduled: desk.scheduled(),
        needs_reason: desk.ground.config.admin.require_reason,
        reason: desk.visitor.typed("reason").unwrap_or_default().to_owned(),
        said,
        frame,
    };
    let kind = if said.is_empty() { Kind::Page } else { Kind::Malformed };
    desk.visitor.page(kind, html(&view))
}

/// `POST …/save`
pub(super) async fn save(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let ready = match ready(&desk).await {
        Ok(ready) => ready,
        Err(answer) => return answer,
    };
    let wish = match wish(&desk, &ready) {
        Ok(wish) => wish,
        Err(said) => return dialog(&desk, &ready, &said).await,
    };
    let now = visitor.caller.arrival.now;
    match admin.policies.save(wish.clone(), now).await {
        Ok(saved) => {
            let (name, said) = match (wish.report_only, wish.starts_at) {
                (true, _) => (EventName::PolicyReportOnly, "report"),
                (false, Some(_)) => (EventName::PolicyScheduled, "scheduled"),
                (false, None) => (EventName::PolicyChanged, "saved"),
            };
            record(&desk, name, saved.number);
            desk.back(said)
        }
        Err(SaveError::Overtaken) => overtaken(&desk).await,
        Err(SaveError::InThePast) => {
            dialog(&desk, &ready, &[desk.frame.t("admin-in-the-past")]).await
        }
        Err(SaveError::Store(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "settings were not saved");
            desk.refuse(Kind::Failed, Refusal::Unavailable)
        }
    }
}

/// What is to be saved, or what the dialog still lacks.
fn wish(desk: &Desk<'_>, ready: &Ready) -> Result<Wish, Vec<String>> {
    let (visitor, frame) = (desk.visitor, &desk.frame);
    let field = |name: &str| visitor.typed(name).unwrap_or_default().trim();
    let mut said = Vec::new();
    let reason: String = field("reason").chars().take(LONGEST_REASON).collect();
    if desk.ground.config.admin.require_reason && reason.is_empty() {
        said.push(frame.t("admin-reason-needed"));
    }
    let when = field("when");
    let starts_at =
        if when == "later" { sentences::typed_instant(frame, field("starts_at")) } else { None };
    if when == "later" && starts_at.is_none() {
        said.push(frame.t("admin-no-time"));
    }
    if when == "later" && ready.judged.is_risky_for_author() {
        // Nobody would be there at its hour to confirm it.
        said.push(frame.t("admin-later-is-risky"));
    }
    let report_only = when == "report";
    if ready.judged.lose > 0 && !report_only && field("typed_name") != &*desk.directory {
        said.push(frame.t1("admin-type-name-wrong", "name", desk.directory.to_string()));
    }
    if !said.is_empty() {
        return Err(said);
    }
    Ok(Wish {
        directory: desk.directory.clone(),
        chosen: ready.chosen.clone(),
        author: visitor.name(),
        reason,
        base: field("base").parse().unwrap_or(u64::MAX),
        report_only,
        starts_at,
        to_confirm: ready.judged.is_risky_for_author(),
    })
}

/// Somebody else has saved: theirs and ours, side by side, and ours is not lost.
async fn overtaken(desk: &Desk<'_>) -> Answer {
    let history = desk.admin.policies.history(&desk.directory);
    let said = history.first().map_or_else(
        || desk.frame.t("admin-blocked"),
        |newest| {
            let now = desk.visitor.caller.arrival.now;
            let minutes = now.since(newest.at).as_secs() / 60;
            let theirs = desk.ground.with(&desk.directory, Some(&newest.chosen)).ok().flatten();
            let theirs = theirs.unwrap_or_else(|| desk.file.clone());
            let change = sentences::change(&desk.frame, &desk.file, &theirs);
            desk.frame.text(
                "admin-overtaken",
                &[
                    ("author", &newest.author),
                    ("minutes", &minutes),
                    ("n", &newest.number),
                    ("change", &change),
                ],
            )
        },
    );
    again_on(desk, history.first().map_or(0, |newest| newest.number), vec![said]).await
}

fn record(desk: &Desk<'_>, name: EventName, number: u64) {
    let caller = &desk.visitor.caller;
    let arrival = &caller.arrival;
    let mut event = Event::new(name, arrival.now)
        .directory(&desk.directory)
        .source(arrival.address)
        .reference(caller.reference)
        .revision(number);
    if let Some(account) = caller.account() {
        event = event.actor(&Actor::User(account.user.id.clone()));
    }
    desk.admin.audit.record(event);
}

impl Desk<'_> {
    /// Those that will not start any more, if what is saved starts before them.
    fn scheduled(&self) -> Vec<String> {
        let now = self.visitor.caller.arrival.now;
        let history = self.admin.policies.history(&self.directory);
        let waiting = history.iter().filter(|one| one.standing(now) == Standing::Scheduled);
        let at = |at| sentences::instant(&self.frame, at);
        let sentence = |one: &Revision| {
            let starts = one.starts_at.map(at).unwrap_or_default();
            self.frame.text("admin-schedule-waits", &[("n", &one.number), ("at", &starts)])
        };
        waiting.map(sentence).collect()
    }

    fn back(&self, said: &str) -> Answer {
        Answer::see_other(&format!("/directories/{}/authentication?said={said}", self.directory))
    }

    fn number(&self) -> u64 {
        self.visitor.typed("number").and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

/// `POST …/confirm`: by somebody who has signed in under the change, with nothing from before it.
pub(super) async fn confirm(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let number = desk.number();
    let history = admin.policies.history(&name);
    let runs = |revision: &&Revision| revision.number == number && desk.runs(number);
    let saved_at = history.iter().find(runs).map(|one| one.at);
    let Some(saved_at) = saved_at else { return desk.refuse(Kind::NotFound, Refusal::NotFound) };
    if !is_signed_in_since(&desk, saved_at) {
        return desk.back("same-session");
    }
    mark(&desk, number, Mark::Confirmed, EventName::PolicyConfirmed, "confirmed").await
}

fn is_signed_in_since(desk: &Desk<'_>, saved_at: Timestamp) -> bool {
    let session = desk.visitor.caller.arrival.session.as_ref();
    session.is_some_and(|session| session.evidence().proofs.iter().all(|proof| proof.at > saved_at))
}

/// `POST …/end`: calls off what is scheduled or kept as a draft.
pub(super) async fn end(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let (number, now) = (desk.number(), visitor.caller.arrival.now);
    let history = admin.policies.history(&name);
    let may_end = |revision: &&Revision| {
        revision.number == number
            && matches!(revision.standing(now), Standing::Scheduled | Standing::ReportOnly)
    };
    if history.iter().find(may_end).is_none() {
        return desk.refuse(Kind::NotFound, Refusal::NotFound);
    }
    mark(&desk, number, Mark::Ended, EventName::PolicyReverted, "ended").await
}

async fn mark(desk: &Desk<'_>, number: u64, mark: Mark, name: EventName, said: &str) -> Answer {
    let now = desk.visitor.caller.arrival.now;
    match desk.admin.policies.mark(&desk.directory, number, mark, now).await {
        Ok(true) => {
            record(desk, name, number);
            desk.back(said)
        }
        Ok(false) => desk.refuse(Kind::NotFound, Refusal::NotFound),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "settings were not marked");
            desk.refuse(Kind::Failed, Refusal::Unavailable)
        }
    }
}

struct HistoryRow {
    number: u64,
    author: String,
    at: String,
    reason: String,
    change: String,
    standing: String,
    is_running: bool,
}

#[derive(Template)]
#[template(path = "admin/history.html")]
struct HistoryView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    base: String,
    directory: String,
    rows: Vec<HistoryRow>,
    may_change: bool,
}

/// `GET …/history`
pub(super) async fn history(
    State(admin): State<AdminPortal>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &name) {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let frame = &desk.frame;
    let heading = frame.t1("admin-history-title", "directory", desk.title());
    let view = HistoryView {
        title: frame.title(&heading, false),
        heading,
        layout: &Layout::of(&visitor.caller, Some(Section::Directories)),
        base: format!("/directories/{name}"),
        directory: desk.title(),
        rows: admin.policies.history(&name).iter().map(|one| row(&desk, one)).collect(),
        may_change: visitor.may(Deed::Change),
        frame,
    };
    visitor.page(Kind::Page, html(&view))
}

fn row(desk: &Desk<'_>, revision: &Revision) -> HistoryRow {
    let now = desk.visitor.caller.arrival.now;
    let settings = revision.chosen.over(&desk.file).unwrap_or_else(|_| desk.file.clone());
    let is_running = desk.revision.as_ref().is_some_and(|one| one.number == revision.number);
    let standing = match revision.standing(now) {
        _ if is_running => "admin-is-running",
        Standing::Scheduled => "admin-is-scheduled",
        Standing::ReportOnly => "admin-is-report-only",
        Standing::ToConfirm(_) | Standing::Started => "admin-is-replaced",
        Standing::Lapsed => "admin-is-lapsed",
        Standing::Ended => "admin-is-ended",
    };
    HistoryRow {
        number: revision.number,
        author: revision.author.clone(),
        at: sentences::instant(&desk.frame, revision.at),
        reason: revision.reason.clone(),
        change: sentences::change(&desk.frame, &desk.file, &settings),
        standing: desk.frame.t(standing),
        is_running,
    }
}
