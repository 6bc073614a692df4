//! What forms suggest.

use crate::domain::fold;

/// Sources that every organisation is offered.
const SOURCES: [&str; 7] = [
    "Website Form",
    "Cold Call",
    "Referral",
    "Trade Show",
    "Email Campaign",
    "Social Media",
    "Advertisement",
];

/// Industries that every organisation is offered; any other text is taken too.
pub const INDUSTRIES: [&str; 30] = [
    "Advertising",
    "Agriculture",
    "Apparel and Accessories",
    "Automotive",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Computer Software",
    "Construction",
    "Consulting",
    "Consumer Goods",
    "Education",
    "Electronics",
    "Energy",
    "Entertainment and Leisure",
    "Finance",
    "Food and Beverage",
    "Government",
    "Health Care",
    "Hospitality",
    "Insurance",
    "Legal",
    "Manufacturing",
    "Media and Publishing",
    "Non-profit",
    "Pharmaceuticals",
    "Real Estate",
    "Retail",
    "Telecommunications",
    "Transportation and Logistics",
];

/// The sources offered: the usual ones, then what else the organisation has used.
pub fn sources(used: &[String]) -> Vec<&str> {
    let others = used.iter().map(String::as_str);
    let others = others.filter(|used| !SOURCES.iter().any(|usual| fold(usual) == fold(used)));
    SOURCES.into_iter().chain(others).collect()
}
