//! What is around every administrators' page: the menu of the sections that this person may read, who
//! they are, the way out. Not here: what a page is about.

use super::duties::{Deed, Duties, SECTIONS, Section};
use crate::web::Caller;

/// A line of the menu.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MenuLine {
    pub(super) href: &'static str,
    /// The key of its name.
    pub(super) name: &'static str,
    pub(super) is_here: bool,
}

/// Around a page.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) menu: Vec<MenuLine>,
    /// Who administers.
    pub(super) user: String,
}

impl Layout {
    /// `here`: the section that is open; `None`: none is.
    pub(super) fn of(caller: &Caller, here: Option<Section>) -> Self {
        let duties = Duties::of(caller);
        let menu = SECTIONS
            .iter()
            .filter(|place| duties.may(place.section, Deed::Look))
            .map(|place| MenuLine {
                href: place.href,
                name: place.name,
                is_here: here == Some(place.section),
            })
            .collect();
        let user = caller.account().map(|account| account.user.name.to_string());
        Self { menu, user: user.unwrap_or_default() }
    }
}
