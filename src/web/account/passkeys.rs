//! `/.scoregate/me/passkeys`: the passkeys and security keys of whoever is signed in, adding, naming and
//! removing one. Not here: who may (`journey::enrolment`), and what makes an answer right (`methods`).

use axum::extract::State;

use super::{credential, failed, permitted, removed};
use crate::accounts::PasskeyCredential;
use crate::gate::Arrival;
use crate::journey::{Change, MOST_PASSKEYS, PasskeyAdded};
use crate::methods::{Ceremony, Registrant};
use crate::points::Method;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::{AccountPasskeys, AddPasskey, NoMore, PasskeyCard, RemovePasskey};
use crate::web::router::Posted;
use crate::web::{Portal, passkey};

const PAGE: &str = "me/passkeys";

/// The most characters of a name.
const LONGEST_LABEL: usize = 64;

fn done(what: &str) -> Answer {
    Answer::see_other(&format!("/.scoregate/{PAGE}?done={what}"))
}

fn card(passkey: &PasskeyCredential) -> PasskeyCard {
    PasskeyCard {
        id: passkey.id.0.to_string(),
        method: passkey.method,
        label: passkey.label.clone(),
        aaguid: passkey.aaguid,
        is_synced: passkey.is_backed_up,
        added_at: passkey.added_at,
        last_used_at: passkey.last_used_at,
    }
}

/// `GET me/passkeys`.
pub(in crate::web) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let passkeys = &permit.account().passkeys;
    let html = AccountPasskeys {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        passkeys: passkeys.iter().map(card).collect(),
        can_add: can_add(&caller.arrival, passkeys.len()),
        done: caller.parameter("done"),
    }
    .render();
    caller.page(Kind::Page, html)
}

fn can_add(arrival: &Arrival, present: usize) -> Result<Vec<Method>, NoMore> {
    let directory = arrival.snapshot.config.directories.get(&*arrival.route.directory);
    let offered = arrival.snapshot.offered(&arrival.route.directory);
    let methods = [Method::Passkey, Method::SecurityKey].into_iter();
    let methods: Vec<Method> = methods.filter(|method| offered.contains(*method)).collect();
    let domain = directory.and_then(|directory| directory.passkeys.as_ref());
    match domain {
        None => Err(NoMore::NotOffered),
        Some(_) if methods.is_empty() => Err(NoMore::NotOffered),
        Some(domain) if !domain.works_on(&arrival.host) => {
            Err(NoMore::Elsewhere(domain.id.clone()))
        }
        Some(_) if present >= MOST_PASSKEYS => Err(NoMore::Full),
        Some(_) => Ok(methods),
    }
}

const fn page_to_add(method: Method) -> &'static str {
    match method {
        Method::SecurityKey => "me/passkeys/add-key",
        _ => "me/passkeys/add",
    }
}

/// `GET me/passkeys/add`.
pub(in crate::web) async fn show_add(State(portal): State<Portal>, caller: Caller) -> Answer {
    add_page(&portal, &caller, Method::Passkey)
}

/// `GET me/passkeys/add-key`.
pub(in crate::web) async fn show_add_key(State(portal): State<Portal>, caller: Caller) -> Answer {
    add_page(&portal, &caller, Method::SecurityKey)
}

fn add_page(portal: &Portal, caller: &Caller, method: Method) -> Answer {
    let permit = match permitted(portal, caller, Change::Add(method), page_to_add(method)) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let arrival = &caller.arrival;
    let is_offered = arrival.snapshot.offered(&arrival.route.directory).contains(method);
    let who = Registrant { account: permit.account(), session: caller.session() };
    let ask = passkey::relying_party(caller)
        .filter(|_| is_offered && permit.account().passkeys.len() < MOST_PASSKEYS)
        .map(|party| Ceremony::register(party, method, who, arrival.now))
        .and_then(|begun| passkey::asked(caller, begun));
    let Some(ask) = ask else { return done("failed") };
    let html = AddPasskey {
        frame: caller.frame_with_person(portal, true),
        hidden: caller.hidden_without_transaction(),
        method,
        ask,
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `POST me/passkeys/add` and `add-key`: what the browser made.
pub(in crate::web) async fn add(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let Some(ceremony) = passkey::ceremony(&caller, form.field("ceremony")) else {
        return done("failed");
    };
    let method = ceremony.method;
    let change = Change::Add(method);
    let permit = match permitted(&portal, &caller, change, page_to_add(method)) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    // Whoever had the account for ten minutes gets no further with it than its owner's directory asks.
    let enrolled_at = Some(caller.arrival.now);
    let (visit, answer) = (caller.visit(), form.field("credential"));
    let journey = &portal.journey;
    let added = journey.add_passkey(&visit, permit.account(), &ceremony, answer, enrolled_at).await;
    match added {
        Ok(PasskeyAdded::Added(_)) => {
            journey.changed(&visit, &permit);
            done("added")
        }
        Ok(PasskeyAdded::Taken) => done("taken"),
        Ok(PasskeyAdded::NotTaken) => done("failed"),
        Err(error) => failed(&portal, &caller, &error),
    }
}

/// `POST me/passkeys/rename`: the fields `id` and `label`.
pub(in crate::web) async fn rename(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let typed = form.field("label").trim();
    let label: String = typed.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
    if label.is_empty() {
        return Answer::see_other(&format!("/.scoregate/{PAGE}"));
    }
    let id = credential(form.field("id"));
    match portal.journey.rename_passkey(permit.account(), &id, &label).await {
        Ok(true) => done("renamed"),
        Ok(false) => Answer::see_other(&format!("/.scoregate/{PAGE}")),
        Err(error) => failed(&portal, &caller, &error),
    }
}

/// `GET me/passkeys/remove?id=`: asks once more.
pub(in crate::web) async fn show_remove(State(portal): State<Portal>, caller: Caller) -> Answer {
    let id = credential(&caller.parameter("id"));
    let page = format!("{PAGE}/remove?id={}", id.0);
    let permit = match permitted(&portal, &caller, Change::Remove(id.clone()), &page) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let Some(passkey) = permit.account().passkeys.iter().find(|one| one.id == id) else {
        return Answer::see_other(&format!("/.scoregate/{PAGE}"));
    };
    let html = RemovePasskey {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        passkey: card(passkey),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `POST me/passkeys/remove`: the field `id`.
pub(in crate::web) async fn remove(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let id = credential(form.field("id"));
    let page = format!("{PAGE}/remove?id={}", id.0);
    match permitted(&portal, &caller, Change::Remove(id), &page) {
        Ok(permit) => removed(&portal, &caller, &permit, PAGE).await,
        Err(answer) => answer,
    }
}
