//! What an administrator with a browser may do to whom, by the roles that the store holds at that moment and not
//! by those of the page that they clicked on. Deny by default: an operation that is not in the table is for the
//! local command alone. Not here: whether their proof is fresh, and which pages they see (`web::admin::duties`).
//!
//! The gain of somebody who holds a lesser role is to become an owner: by a role, by another one's account, or by
//! a link to it. So whoever has a role of the gateway is changed by owners alone, nobody changes themselves here,
//! and the help desk sends links and never sees them.

use super::roles::is_of_the_gateway;
use super::{Act, OWNER, Operation, Refused, SessionChoice, UserRef};
use crate::accounts::{Account, UserState};
use crate::audit::Actor;

/// From the least to the most.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Deed {
    Look,
    /// Help somebody in, without seeing how.
    Help,
    Change,
    /// For owners.
    Rule,
}

/// What an operation asks of an administrator.
struct Asked<'a> {
    deed: Deed,
    /// Whom it changes.
    user: Option<&'a UserRef>,
    /// The roles that it gives or takes.
    roles: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    /// `None`: nobody with a browser may.
    fn by(operation: &'a Operation) -> Option<Self> {
        let plain = |deed| Some(Self { deed, user: None, roles: Vec::new() });
        let on = |deed, user| Some(Self { deed, user: Some(user), roles: Vec::new() });
        match operation {
            Operation::UserList { .. }
            | Operation::UserShow { .. }
            | Operation::UserAccess { .. }
            | Operation::SessionList { .. }
            | Operation::Explain(_) => plain(Deed::Look),
            Operation::UserUnlock { user } | Operation::UserMail { user } => on(Deed::Help, user),
            Operation::UserAdd(add) => Some(Self {
                deed: Deed::Change,
                user: None,
                roles: add.roles.iter().map(String::as_str).collect(),
            }),
            Operation::UserDisable { user }
            | Operation::UserEnable { user }
            | Operation::UserLink { user, host: _ }
            | Operation::UserDelete { user }
            | Operation::UserContact { user, kind: _, address: _ }
            | Operation::UserMethodRemove { user, credential: _ }
            | Operation::SessionEnd { which: SessionChoice::Of(user) } => on(Deed::Change, user),
            Operation::UserRoles { user, grant, revoke } => Some(Self {
                deed: Deed::Change,
                user: Some(user),
                roles: grant.iter().chain(revoke).map(String::as_str).collect(),
            }),
            Operation::SessionEnd { which: SessionChoice::Id(_) | SessionChoice::All } => {
                plain(Deed::Rule)
            }
            Operation::RecoverAdmin { .. }
            | Operation::RecoverPolicy { .. }
            | Operation::KeysRotate { .. }
            | Operation::Reload
            | Operation::Status => None,
        }
    }
}

/// The most that somebody with this role may do to a user who has none of the gateway's.
fn most(role: &str) -> Option<Deed> {
    match role {
        OWNER => Some(Deed::Rule),
        "scoregate_users" => Some(Deed::Change),
        "scoregate_helpdesk" => Some(Deed::Help),
        "scoregate_auditor" => Some(Deed::Look),
        _ => None,
    }
}

fn administers(account: &Account) -> bool {
    account.user.roles.iter().any(|role| is_of_the_gateway(role))
}

impl Act<'_> {
    /// Refuses what the actor may not do.
    pub(super) async fn admit(&self, operation: &Operation) -> Result<(), Refused> {
        let Actor::User(id) = self.actor else { return Ok(()) };
        let actor = self.tools.accounts.load_user(id).await?;
        let actor = actor.filter(|actor| actor.user.state == UserState::Active);
        let (Some(actor), Some(asked)) = (actor, Asked::by(operation)) else {
            return Err(Refused::NotAllowed);
        };
        let most = actor.user.roles.iter().filter_map(|role| most(role)).max();
        let mut deed = asked.deed;
        if asked.roles.iter().any(|role| is_of_the_gateway(role)) {
            deed = deed.max(Deed::Rule);
        }
        if let Some(user) = asked.user {
            let target = self.account(user).await?;
            if target.user.id == actor.user.id {
                return Err(Refused::Yourself);
            }
            if administers(&target) {
                deed = deed.max(Deed::Rule);
            }
        }
        if most.is_some_and(|most| deed <= most) { Ok(()) } else { Err(Refused::NotAllowed) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fakes::{House, house};
    use super::super::{ContactChoice, Outcome, UserAdd};
    use super::*;
    use crate::accounts::UserId;
    use crate::points::Role;

    const ROLES: [&str; 4] = [OWNER, "scoregate_users", "scoregate_helpdesk", "scoregate_auditor"];

    async fn with_role(house: &House, name: &str, role: &str) -> UserId {
        let id = house.add(name, "staff").await;
        let mut users = house.store.users.lock().unwrap();
        users.get_mut(&id).unwrap().user.roles = [Role::from(role)].into();
        id
    }

    fn of(name: &str) -> UserRef {
        UserRef { name: name.to_owned(), directory: Some("staff".to_owned()) }
    }

    fn grant(name: &str, role: &str) -> Operation {
        Operation::UserRoles { user: of(name), grant: vec![role.to_owned()], revoke: Vec::new() }
    }

    fn revoke(name: &str, role: &str) -> Operation {
        Operation::UserRoles { user: of(name), grant: Vec::new(), revoke: vec![role.to_owned()] }
    }

    fn invite(roles: &[&str]) -> Operation {
        Operation::UserAdd(Box::new(UserAdd {
            name: "newcomer".to_owned(),
            directory: Some("staff".to_owned()),
            roles: roles.iter().map(ToString::to_string).collect(),
            email: None,
            phone: None,
            display_name: None,
            language: None,
            password: None,
            host: None,
        }))
    }

    /// Everything that can be done to somebody, with the least that it takes.
    fn deeds(name: &str) -> Vec<(Deed, Operation)> {
        let user = of(name);
        let email = Some("mallory@example.org".to_owned());
        vec![
            (Deed::Look, Operation::UserShow { user: user.clone() }),
            (Deed::Look, Operation::UserAccess { user: user.clone() }),
            (Deed::Look, Operation::SessionList { user: Some(user.clone()) }),
            (Deed::Help, Operation::UserUnlock { user: user.clone() }),
            (Deed::Help, Operation::UserMail { user: user.clone() }),
            (Deed::Change, Operation::UserLink { user: user.clone(), host: None }),
            (
                Deed::Change,
                Operation::UserContact {
                    user: user.clone(),
                    kind: ContactChoice::Email,
                    address: email,
                },
            ),
            (
                Deed::Change,
                Operation::UserMethodRemove {
                    user: user.clone(),
                    credential: "id of mallory@example.org".to_owned(),
                },
            ),
            (Deed::Change, grant(name, "finance")),
            (Deed::Change, revoke(name, "finance")),
            (Deed::Change, Operation::SessionEnd { which: SessionChoice::Of(user.clone()) }),
            (Deed::Change, Operation::UserDisable { user: user.clone() }),
            (Deed::Change, Operation::UserEnable { user: user.clone() }),
            (Deed::Rule, grant(name, "scoregate_auditor")),
            (Deed::Rule, revoke(name, "scoregate_auditor")),
            (Deed::Change, Operation::UserDelete { user }),
        ]
    }

    async fn by(house: &House, actor: &UserId, operation: Operation) -> Result<Outcome, Refused> {
        house.operator.perform(operation, &Actor::User(actor.clone())).await
    }

    #[tokio::test]
    async fn each_role_does_to_a_plain_user_what_the_table_says_and_no_more() {
        use Deed::{Change, Help, Look, Rule};
        let may: [&[Deed]; 4] =
            [&[Look, Help, Change, Rule], &[Look, Help, Change], &[Look, Help], &[Look]];
        for (role, may) in ROLES.into_iter().zip(may) {
            let house = house();
            let actor = with_role(&house, "actor", role).await;
            house.add("plain", "staff").await;
            for (deed, operation) in deeds("plain") {
                let allowed = may.contains(&deed);
                let what = format!("{role}: {operation:?}");
                let done = by(&house, &actor, operation).await;
                assert_eq!(done.is_ok(), allowed, "{what}: {done:?}");
                assert!(allowed || done == Err(Refused::NotAllowed), "{what}: {done:?}");
            }
        }
    }

    /// What the help desk, whoever administers users and an auditor would gain: an administrator's account.
    #[tokio::test]
    async fn nobody_but_an_owner_touches_whoever_administers() {
        for role in ROLES.into_iter().filter(|role| *role != OWNER) {
            for target in ROLES {
                let house = house();
                let actor = with_role(&house, "actor", role).await;
                with_role(&house, "boss", target).await;
                let before = house.events();
                for (deed, operation) in deeds("boss") {
                    if deed == Deed::Look {
                        continue;
                    }
                    let what = format!("{role} to {target}: {operation:?}");
                    let done = by(&house, &actor, operation).await;
                    assert_eq!(done, Err(Refused::NotAllowed), "{what}");
                }
                assert_eq!(house.events(), before, "{role} to {target}");
                assert!(house.store.links.lock().unwrap().is_empty());
                assert!(house.outbox.letters.lock().unwrap().is_empty());
            }
        }
    }

    /// A link that was made for a plain user is over once that user administers.
    #[tokio::test]
    async fn a_link_from_before_a_role_of_the_gateway_is_no_way_to_it() {
        let house = house();
        let owner = with_role(&house, "boss", OWNER).await;
        let users = with_role(&house, "users", "scoregate_users").await;
        house.add("plain", "staff").await;
        let link = Operation::UserLink { user: of("plain"), host: None };
        by(&house, &users, link).await.unwrap();
        let links = || house.store.links.lock().unwrap().len();
        by(&house, &owner, grant("plain", "finance")).await.unwrap();
        assert_eq!(links(), 1, "a role of a portal changes nothing");
        by(&house, &owner, grant("plain", "scoregate_helpdesk")).await.unwrap();
        assert_eq!(links(), 0);
    }

    #[tokio::test]
    async fn nobody_changes_themselves_and_nobody_raises_themselves() {
        for role in ROLES {
            let house = house();
            let actor = with_role(&house, "actor", role).await;
            for (deed, operation) in deeds("actor") {
                if deed != Deed::Look {
                    let what = format!("{role}: {operation:?}");
                    assert_eq!(
                        by(&house, &actor, operation).await,
                        Err(Refused::Yourself),
                        "{what}"
                    );
                }
            }
            let raised = by(&house, &actor, grant("actor", OWNER)).await;
            assert_eq!(raised, Err(Refused::Yourself), "{role}");
        }
    }

    #[tokio::test]
    async fn a_role_of_the_gateway_is_given_by_an_owner_and_by_no_detour() {
        for role in ROLES {
            let house = house();
            let actor = with_role(&house, "actor", role).await;
            house.add("plain", "staff").await;
            let is_owner = role == OWNER;
            for operation in [
                invite(&["scoregate_helpdesk"]),
                grant("plain", "scoregate_auditor"),
                Operation::UserRoles {
                    user: of("plain"),
                    grant: vec!["finance".to_owned(), OWNER.to_owned()],
                    revoke: Vec::new(),
                },
            ] {
                let what = format!("{role}: {operation:?}");
                assert_eq!(by(&house, &actor, operation).await.is_ok(), is_owner, "{what}");
            }
        }
    }

    #[tokio::test]
    async fn whoever_lost_their_role_or_is_disabled_or_gone_does_nothing() {
        let house = house();
        house.add("plain", "staff").await;
        let disabled = with_role(&house, "olga", OWNER).await;
        house.perform(Operation::UserDisable { user: of("olga") }).await.unwrap();
        let former = with_role(&house, "piet", "finance").await;
        let stranger = UserId("nobody".into());
        for actor in [&disabled, &former, &stranger] {
            for (_, operation) in deeds("plain") {
                let what = format!("{actor:?}: {operation:?}");
                assert_eq!(by(&house, actor, operation).await, Err(Refused::NotAllowed), "{what}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_for_the_local_command_is_not_for_an_owner_with_a_browser() {
        let house = house();
        let owner = with_role(&house, "olga", OWNER).await;
        for operation in [
            Operation::RecoverAdmin { user: None, host: None },
            Operation::RecoverPolicy { directory: None, to: 0 },
            Operation::KeysRotate { grace_s: 0 },
            Operation::Reload,
            Operation::Status,
        ] {
            let what = format!("{operation:?}");
            assert_eq!(by(&house, &owner, operation).await, Err(Refused::NotAllowed), "{what}");
        }
    }

    #[tokio::test]
    async fn two_owners_who_take_the_role_from_one_another_at_once_leave_one() {
        let house = house();
        let anna = with_role(&house, "anna", OWNER).await;
        let bob = with_role(&house, "bob", OWNER).await;
        let (one, other) = tokio::join!(
            by(&house, &anna, revoke("bob", OWNER)),
            by(&house, &bob, Operation::UserDisable { user: of("anna") }),
        );
        assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|done| **done).count(), 1);
        let users = house.store.users.lock().unwrap();
        let is_owner = |account: &&Account| {
            account.user.roles.contains(OWNER) && account.user.state == UserState::Active
        };
        assert_eq!(users.values().filter(is_owner).count(), 1);
    }
}
