//! Which administrators may do what: one table of role by section. Whoever has several roles may do
//! what any of them may. Not here: what a section shows.

use crate::web::Caller;

/// A part of the portal.
#[cfg_attr(not(test), expect(dead_code, reason = "the pages of some sections are still to come"))]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Section {
    Directories,
    Users,
    Roles,
    Routes,
    Sessions,
    PolicyTest,
    Audit,
}

impl Section {
    #[cfg(test)]
    const ALL: [Self; 7] = [
        Self::Directories,
        Self::Users,
        Self::Roles,
        Self::Routes,
        Self::Sessions,
        Self::PolicyTest,
        Self::Audit,
    ];
}

/// What somebody wants to do in a section.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Deed {
    Look,
    /// Help somebody in: unlock, make a set-up link.
    Help,
    Change,
}

/// A section that has pages, with its address and the key of its name, in the order of the menu.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) section: Section,
    pub(super) href: &'static str,
    pub(super) name: &'static str,
}

pub(super) const SECTIONS: &[Place] = &[
    Place { section: Section::Directories, href: "/directories", name: "admin-directories" },
    Place { section: Section::Users, href: "/users", name: "users-users" },
];

/// A gateway role, as it is granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Office {
    Owner,
    Users,
    HelpDesk,
    Auditor,
}

impl Office {
    fn of(role: &str) -> Option<Self> {
        Some(match role {
            "scoregate_owner" => Self::Owner,
            "scoregate_users" => Self::Users,
            "scoregate_helpdesk" => Self::HelpDesk,
            "scoregate_auditor" => Self::Auditor,
            _ => return None,
        })
    }

    /// The most that it may do in a section; `None`: not even look.
    const fn most(self, section: Section) -> Option<Deed> {
        match (self, section) {
            (Self::Owner, _) | (Self::Users, Section::Users | Section::Sessions) => {
                Some(Deed::Change)
            }
            (Self::Users, Section::Audit) => None,
            (Self::Users | Self::Auditor, _) => Some(Deed::Look),
            (Self::HelpDesk, Section::Users) => Some(Deed::Help),
            (Self::HelpDesk, Section::Directories | Section::PolicyTest) => Some(Deed::Look),
            (
                Self::HelpDesk,
                Section::Roles | Section::Routes | Section::Sessions | Section::Audit,
            ) => None,
        }
    }
}

/// What one administrator may do.
#[derive(Clone, Debug, Default)]
pub(super) struct Duties(Vec<Office>);

impl Duties {
    /// By the roles of whoever is signed in, as they are at this moment.
    #[must_use]
    pub(super) fn of(caller: &Caller) -> Self {
        let roles = caller.account().map(|account| &account.user.roles);
        Self::of_roles(roles.into_iter().flatten().map(AsRef::as_ref))
    }

    fn of_roles<'a>(roles: impl Iterator<Item = &'a str>) -> Self {
        Self(roles.filter_map(Office::of).collect())
    }

    #[must_use]
    pub(super) fn may(&self, section: Section, deed: Deed) -> bool {
        self.0.iter().any(|office| office.most(section).is_some_and(|most| deed <= most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section, then what owner, users, helpdesk and auditor may at most: `c`hange, `h`elp, `l`ook.
    const MATRIX: [(Section, &str); 7] = [
        (Section::Directories, "clll"),
        (Section::Users, "cchl"),
        (Section::Roles, "cl-l"),
        (Section::Routes, "cl-l"),
        (Section::Sessions, "cc-l"),
        (Section::PolicyTest, "clll"),
        (Section::Audit, "c--l"),
    ];
    const ROLES: [&str; 4] =
        ["scoregate_owner", "scoregate_users", "scoregate_helpdesk", "scoregate_auditor"];

    #[test]
    fn each_role_may_do_in_each_section_what_the_matrix_says_and_no_more() {
        assert_eq!(MATRIX.map(|(section, _)| section), Section::ALL);
        for (section, row) in MATRIX {
            for (role, most) in ROLES.into_iter().zip(row.chars()) {
                let duties = Duties::of_roles([role].into_iter());
                for (deed, allowed) in [
                    (Deed::Look, "chl".contains(most)),
                    (Deed::Help, "ch".contains(most)),
                    (Deed::Change, most == 'c'),
                ] {
                    assert_eq!(duties.may(section, deed), allowed, "{role} {section:?} {deed:?}");
                }
            }
        }
    }

    #[test]
    fn other_roles_may_nothing_and_several_roles_may_what_any_may() {
        let none = Duties::of_roles(["finance", "scoregate_", "owner", ""].into_iter());
        let both = Duties::of_roles(["scoregate_helpdesk", "scoregate_auditor"].into_iter());
        for section in Section::ALL {
            assert!(!none.may(section, Deed::Look), "{section:?}");
            assert!(both.may(section, Deed::Look), "{section:?}");
        }
        assert!(both.may(Section::Users, Deed::Help) && !both.may(Section::Users, Deed::Change));
    }
}
