//! Whole files through the front door.
