//! The line to AWS, which can be cut.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many more requests pass; none: all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Option<usize>>>);

impl Line {
    fn left(&self) -> MutexGuard<'_, Option<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more request passes.
    pub(crate) fn passes(&self) -> bool {
        match &mut *self.left() {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    /// After so many more nothing passes.
    pub(crate) fn cut(&self, after: usize) {
        *self.left() = Some(after);
    }

    /// All pass again; whether it had come to the cut.
    pub(crate) fn mend(&self) -> bool {
        self.left().take() == Some(0)
    }
}
