//! How many events of each subject the bus has taken.

use crate::events::SUBJECTS;
use crate::metrics::table::EVENTS_PUBLISHED;
use crate::metrics::{Counter, Meters};

/// A counter for each subject.
#[derive(Debug, Default)]
pub(super) struct Published(Vec<(&'static str, Counter)>);

impl Published {
    /// Those that `by` publishes.
    pub(super) fn of(meters: &Meters, by: &str) -> Self {
        let counter = |subject| (subject, meters.counter(&EVENTS_PUBLISHED, &[subject, by]));
        Self(SUBJECTS.into_iter().map(counter).collect())
    }

    /// The bus has taken events of these subjects.
    pub(super) fn add(&self, subjects: impl Iterator<Item = &'static str>) {
        for subject in subjects {
            if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == subject) {
                counter.inc();
            }
        }
    }
}
