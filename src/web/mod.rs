//! What people and their browsers get to see: pages, their texts in each language, style and script.
//! Not here: any decision (`points`), and where a person is in a sign-in (`journey`).

pub mod assets;
pub mod i18n;
pub mod pages;
