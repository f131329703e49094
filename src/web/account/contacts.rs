//! `/.scoregate/me/emails` and `/.scoregate/me/phones`: addresses at which somebody gets codes. A new one is
//! added once the code that was sent to it comes back.

use axum::Extension;
use axum::extract::State;

use super::{credential, failed, permitted, removed};
use crate::accounts::ContactKind;
use crate::journey::{
    Change, ContactAsked, ContactConfirmed, ContactTicket, MOST_CONTACTS, method_of_kind,
};
use crate::methods::Rejection;
use crate::points::Timestamp;
use crate::web::Portal;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::{
    AccountContact, AccountContacts, CodeState, ConfirmContact, ContactsState, Refusal,
};
use crate::web::router::{Posted, refused};

/// Which of the pages it is.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) enum Of {
    Emails,
    Phones,
}

impl Of {
    const fn page(self) -> &'static str {
        match self {
            Self::Emails => "emails",
            Self::Phones => "phones",
        }
    }

    /// `None`: codes cannot be sent there, so there is no such page.
    fn kind(self, caller: &Caller) -> Option<ContactKind> {
        let kind = match self {
            Self::Emails => ContactKind::Email,
            Self::Phones => ContactKind::Phone,
        };
        let arrival = &caller.arrival;
        let offered = arrival.snapshot.offered(&arrival.route.directory);
        offered.contains(method_of_kind(kind)).then_some(kind)
    }
}

fn missing(portal: &Portal, caller: &Caller) -> Answer {
    refused(portal, caller, Kind::NotFound, Refusal::NotFound)
}

/// `GET me/emails`.
pub(in crate::web) async fn show(
    State(portal): State<Portal>,
    Extension(of): Extension<Of>,
    caller: Caller,
) -> Answer {
    let page = of.page();
    let Some(kind) = of.kind(&caller) else { return missing(&portal, &caller) };
    let permit = match permitted(&portal, &caller, Change::Look, &format!("me/{page}")) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let contacts: Vec<AccountContact> = permit
        .account()
        .contacts
        .iter()
        .filter(|contact| contact.kind == kind && contact.is_usable)
        .map(|contact| AccountContact {
            credential: contact.id.0.to_string(),
            address: contact.address.clone(),
            added_at: contact.added_at,
        })
        .collect();
    let html = AccountContacts {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        is_phone: kind == ContactKind::Phone,
        can_add: contacts.len() < MOST_CONTACTS,
        contacts,
        state: state(&caller),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// What the address says of the last try. It only chooses a sentence.
fn state(caller: &Caller) -> ContactsState {
    let until = caller.parameter("until").parse().map_or(caller.arrival.now, Timestamp::from_secs);
    match (caller.parameter("said").as_str(), caller.parameter("done").as_str()) {
        ("format", _) => ContactsState::NotAnAddress,
        ("there", _) => ContactsState::AlreadyThere,
        ("many", _) => ContactsState::TooMany,
        ("unsent", _) => ContactsState::NotSent,
        ("over", _) => ContactsState::Over,
        ("wait", _) => ContactsState::Throttled { until },
        (_, "added") => ContactsState::Added,
        (_, "removed") => ContactsState::Removed,
        _ => ContactsState::First,
    }
}

/// `POST me/emails`: the field `address` holds a new one.
pub(in crate::web) async fn submit(
    State(portal): State<Portal>,
    Extension(of): Extension<Of>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    let page = of.page();
    let Some(kind) = of.kind(&caller) else { return missing(&portal, &caller) };
    let change = Change::Add(method_of_kind(kind));
    let permit = match permitted(&portal, &caller, change, &format!("me/{page}")) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let back = |said: &str| Answer::see_other(&format!("/.scoregate/me/{page}?said={said}"));
    let typed = form.field("address").trim();
    match portal.journey.ask_contact(&caller.visit(), &permit, kind, typed).await {
        Ok(ContactAsked::Sent(ticket)) => code_page(&caller, page, &ticket, ""),
        Ok(ContactAsked::NotAnAddress) => back("format"),
        Ok(ContactAsked::AlreadyThere) => back("there"),
        Ok(ContactAsked::TooMany) => back("many"),
        Ok(ContactAsked::NotSent) => back("unsent"),
        Ok(ContactAsked::Throttled { until }) => back(&format!("wait&until={}", until.as_secs())),
        Err(error) => failed(&portal, &caller, &error),
    }
}

fn code_page(caller: &Caller, page: &str, ticket: &ContactTicket, said: &str) -> Answer {
    let token = ticket.token(caller.keys(), &caller.arrival.host, caller.browser.id());
    Answer::see_other(&format!("/.scoregate/me/{page}/code?ticket={token}{said}"))
        .cookie(&caller.browser.cookie(caller.keys()))
}

fn ticket(caller: &Caller, kind: ContactKind) -> Option<ContactTicket> {
    let (arrival, token) = (&caller.arrival, caller.parameter("ticket"));
    let account = caller.account()?;
    let browser = caller.browser.id();
    ContactTicket::parse(&token, caller.keys(), &arrival.host, browser, account, arrival.now)
        .filter(|ticket| ticket.kind() == kind)
}

/// `GET me/emails/code`.
pub(in crate::web) async fn show_code(
    State(portal): State<Portal>,
    Extension(of): Extension<Of>,
    caller: Caller,
) -> Answer {
    let page = of.page();
    let Some(kind) = of.kind(&caller) else { return missing(&portal, &caller) };
    if let Err(answer) = permitted(&portal, &caller, Change::Look, &format!("me/{page}")) {
        return answer;
    }
    let Some(ticket) = ticket(&caller, kind) else {
        return Answer::see_other(&format!("/.scoregate/me/{page}?said=over"));
    };
    let html = ConfirmContact {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        action: caller.address.split('&').next().unwrap_or_default().to_owned(),
        back: format!("/.scoregate/me/{page}"),
        is_phone: kind == ContactKind::Phone,
        address: ticket.address().to_owned(),
        state: match caller.parameter("said").as_str() {
            "empty" => CodeState::Empty,
            "format" => CodeState::NotACode,
            "wrong" => CodeState::Wrong { tries_left: caller.parameter("left").parse().ok() },
            _ => CodeState::Ready,
        },
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `POST me/emails/code`.
pub(in crate::web) async fn submit_code(
    State(portal): State<Portal>,
    Extension(of): Extension<Of>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    let page = of.page();
    let Some(kind) = of.kind(&caller) else { return missing(&portal, &caller) };
    let change = Change::Add(method_of_kind(kind));
    let permit = match permitted(&portal, &caller, change, &format!("me/{page}")) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let over = Answer::see_other(&format!("/.scoregate/me/{page}?said=over"));
    let Some(ticket) = ticket(&caller, kind) else { return over };
    let again = |said: &str| code_page(&caller, page, &ticket, said);
    let code = form.field("code");
    match portal.journey.confirm_contact(&caller.visit(), &permit, &ticket, code).await {
        Ok(ContactConfirmed::Done) => {
            Answer::see_other(&format!("/.scoregate/me/{page}?done=added"))
        }
        Ok(ContactConfirmed::NoTicket) => over,
        Ok(ContactConfirmed::Rejected(Rejection::Empty)) => again("&said=empty"),
        Ok(ContactConfirmed::Rejected(Rejection::Wrong { tries_left })) => {
            again(&format!("&said=wrong&left={}", tries_left.unwrap_or_default()))
        }
        Ok(ContactConfirmed::Rejected(_)) => again("&said=format"),
        Err(error) => failed(&portal, &caller, &error),
    }
}

/// `POST me/emails/remove`: the field `credential` names the one that goes.
pub(in crate::web) async fn remove(
    State(portal): State<Portal>,
    Extension(of): Extension<Of>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    if of.kind(&caller).is_none() {
        return missing(&portal, &caller);
    }
    let (change, page) =
        (Change::Remove(credential(form.field("credential"))), format!("me/{}", of.page()));
    match permitted(&portal, &caller, change, &page) {
        Ok(permit) => removed(&portal, &caller, &permit, &page).await,
        Err(answer) => answer,
    }
}
