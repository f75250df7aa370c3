//! Who moves the money: one provider for payments that begin now, and those that earlier payments
//! were begun with.

use std::sync::Arc;

use super::Provider;

/// All providers that this service knows.
#[derive(Clone)]
pub struct Providers {
    chosen: Arc<dyn Provider>,
    earlier: Vec<Arc<dyn Provider>>,
}

impl Providers {
    /// `chosen` for payments that begin now. Those that were begun with one of `earlier` are
    /// brought to their end with it.
    pub fn new(chosen: Arc<dyn Provider>, earlier: Vec<Arc<dyn Provider>>) -> Self {
        Self { chosen, earlier }
    }

    /// The one for payments that begin now.
    pub fn chosen(&self) -> &Arc<dyn Provider> {
        &self.chosen
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        std::iter::once(&self.chosen).chain(&self.earlier)
    }

    /// The one with this name.
    pub fn named(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.all().find(|known| known.name() == name)
    }
}

impl From<Arc<dyn Provider>> for Providers {
    fn from(only: Arc<dyn Provider>) -> Self {
        Self::new(only, Vec::new())
    }
}
