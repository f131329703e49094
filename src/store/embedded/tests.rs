//! The contract for both forms of the embedded store, and what only a store of files can get wrong.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;

mod in_memory {
    async fn fresh() -> (super::Embedded, ()) {
        (super::Embedded::in_memory().await.unwrap().0, ())
    }
    crate::store::contract::store_contract!(fresh);
}

mod in_a_folder {
    async fn fresh() -> (super::Embedded, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (super::Embedded::open(folder.path()).await.unwrap().0, folder)
    }
    crate::store::contract::store_contract!(fresh);
}
