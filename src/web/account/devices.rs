//! `/.scoregate/me/devices`: where somebody is signed in, and ending it there.

use axum::extract::State;

use super::{credential, failed, permitted};
use crate::journey::Change;
use crate::web::Portal;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::{AccountDevice, AccountDevices, AccountRemembered};
use crate::web::router::Posted;

const PAGE: &str = "me/devices";

/// `GET me/devices`.
pub(in crate::web) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let devices = match portal.journey.devices(&caller.visit(), &permit).await {
        Ok(devices) => devices,
        Err(error) => return failed(&portal, &caller, &error),
    };
    let device = |device: crate::journey::Device| AccountDevice {
        mark: device.mark,
        is_this: device.is_this,
        user_agent: device.user_agent.unwrap_or_default(),
        address: device.address.unwrap_or_default(),
        since: device.since,
        last_seen_at: device.last_seen_at,
    };
    let html = AccountDevices {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        devices: devices.into_iter().map(device).collect(),
        remembered: portal
            .journey
            .remembered_devices(&caller.visit(), &permit)
            .into_iter()
            .map(|device| AccountRemembered {
                credential: device.id.0.to_string(),
                user_agent: device.user_agent.unwrap_or_default(),
                last_used_at: device.last_used_at,
                ends_at: device.ends_at,
            })
            .collect(),
        done: caller.parameter("done"),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `POST me/devices`: the field `device` names the one that ends; `others` ends all but this one;
/// `remembered` names a remembered device that is forgotten.
pub(in crate::web) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let visit = caller.visit();
    let remembered = form.field("remembered");
    if !remembered.is_empty() {
        return match portal.journey.forget_device(&visit, &permit, &credential(remembered)).await {
            Ok(_) => Answer::see_other("/.scoregate/me/devices?done=forgotten"),
            Err(error) => failed(&portal, &caller, &error),
        };
    }
    let ended = if form.field("others").is_empty() {
        portal.journey.end_device(&visit, &permit, form.field("device")).await.map(drop)
    } else {
        portal.journey.end_other_devices(&visit, &permit).await
    };
    match ended {
        Ok(()) => Answer::see_other("/.scoregate/me/devices?done=ended"),
        Err(error) => failed(&portal, &caller, &error),
    }
}
