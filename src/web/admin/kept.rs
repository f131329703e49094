//! What an administrator typed and sent, kept while they confirm that it is them, and then shown to be
//! sent again with one click. In memory, for the session that sent it, for ten minutes: what is lost is
//! typed again, never done twice. Not here: whether a proof is fresh enough (`visitor`).

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

use super::AdminPortal;
use super::layout::Layout;
use crate::gate::KEPT;
use crate::points::Timestamp;
use crate::random;
use crate::sessions::SessionKey;
use crate::web::Caller;
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{Frame, Hidden, Refusal, html};
use crate::web::router::refused;

/// How long a form waits.
const PATIENCE: Duration = Duration::from_secs(600);
/// More forms at once than administrators can be typing.
const MOST: usize = 1000;

/// Forms that wait.
#[derive(Debug, Default)]
pub struct Kept(Mutex<HashMap<String, Waiting>>);

#[derive(Clone, Debug)]
struct Waiting {
    session: SessionKey,
    action: String,
    fields: Vec<(String, String)>,
    until: Timestamp,
}

impl Kept {
    /// Keeps a form; gives the name under which it waits.
    pub(super) fn keep(
        &self,
        session: SessionKey,
        action: String,
        fields: Vec<(String, String)>,
        now: Timestamp,
    ) -> String {
        let id: String = random::bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = self.lock();
        forms.retain(|_, form| now < form.until);
        if forms.len() < MOST {
            let until = now.after(PATIENCE);
            forms.insert(id.clone(), Waiting { session, action, fields, until });
        }
        id
    }

    /// The form of this session under a name. It stays until its time is over: looking changes nothing.
    fn find(&self, id: &str, session: SessionKey, now: Timestamp) -> Option<Waiting> {
        let forms = self.lock();
        let found = forms.get(id).filter(|form| form.session == session && now < form.until);
        found.cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Waiting>> {
        // A panic while it was held leaves a map that is whole.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(super) fn router(_: &AdminPortal) -> Router<AdminPortal> {
    Router::new().route(&format!("{KEPT}/{{id}}"), get(show))
}

#[derive(Template)]
#[template(path = "admin/kept.html")]
struct KeptView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    hidden: Hidden,
    form: &'a Waiting,
}

/// `GET /kept/{id}`: the gate has asked for a fresh proof; one click sends what was typed.
async fn show(State(admin): State<AdminPortal>, Path(id): Path<String>, caller: Caller) -> Answer {
    let session = caller.session();
    let found = session.and_then(|session| admin.kept.find(&id, session, caller.arrival.now));
    let Some(form) = found else {
        return refused(&admin.portal, &caller, Kind::NotFound, Refusal::NotFound);
    };
    let frame = caller.frame(&admin.portal);
    let heading = frame.t("admin-kept-title");
    let view = KeptView {
        title: frame.title(&heading, false),
        heading,
        layout: &Layout::of(&caller, None),
        frame: &frame,
        hidden: caller.hidden_without_transaction(),
        form: &form,
    };
    Answer::admin_page(Kind::Page, html(&view)).cookie(&caller.browser.cookie(caller.keys()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_waits_for_its_own_session_and_not_for_ever() {
        let kept = Kept::default();
        let (mine, yours) = (SessionKey([1; 16]), SessionKey([2; 16]));
        let now = Timestamp::from_secs(1000);
        let fields = vec![("required_level".to_owned(), "40".to_owned())];
        let id = kept.keep(mine, "/directories/staff/save".to_owned(), fields.clone(), now);
        let found = kept.find(&id, mine, now).unwrap();
        assert_eq!((found.fields, &*found.action), (fields, "/directories/staff/save"));
        assert!(kept.find(&id, mine, now).is_some(), "looking does not use it up");
        assert!(kept.find(&id, yours, now).is_none(), "another session");
        assert!(kept.find(&id, mine, now.after(PATIENCE)).is_none(), "too late");
        assert!(kept.find("", mine, now).is_none());
    }

    #[test]
    fn a_flood_of_forms_has_an_end_and_time_makes_room() {
        let kept = Kept::default();
        let (session, now) = (SessionKey([1; 16]), Timestamp::from_secs(1000));
        for _ in 0..MOST + 10 {
            kept.keep(session, String::new(), Vec::new(), now);
        }
        assert_eq!(kept.lock().len(), MOST);
        let later = now.after(PATIENCE);
        let id = kept.keep(session, String::new(), Vec::new(), later);
        assert!(kept.find(&id, session, later).is_some());
    }
}
