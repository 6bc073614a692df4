//! Text made equal whatever its case.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// The text for comparison: full Unicode case folding of the canonical decomposition, composed
/// again (Unicode 15, section 3.13, D145), so that ß = ss and é is é however it was typed.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().default_case_fold().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_and_composition_do_not_matter() {
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("E\u{301}cole"), fold("école"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert!(fold("İstanbul").contains("stanbul"));
    }
}
