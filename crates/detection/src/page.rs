//! The page docs/DETECTION.md: prose that people wrote, and tables between two markers.

use anyhow::{Context, bail};

/// Where the tables begin and end.
const BEGIN: &str = "<!-- Written by make bench-detection; do not edit. -->\n";
const END: &str = "<!-- End of what make bench-detection writes. -->\n";

/// The page with these tables in place of its own.
///
/// # Errors
/// Where the page lacks a marker.
pub fn with_tables(page: &str, tables: &str) -> anyhow::Result<String> {
    let (before, rest) = page
        .split_once(BEGIN)
        .with_context(|| format!("the page lacks the line {BEGIN:?}, expected above the tables"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("the page lacks the line {END:?}, expected below the tables"))?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

/// Compares the page with these tables.
///
/// # Errors
/// The first line that differs, with what is to be done.
pub fn compare(page: &str, tables: &str) -> anyhow::Result<()> {
    let expected = with_tables(page, tables)?;
    let differs = page.lines().zip(expected.lines()).enumerate();
    for (index, (found, expected)) in differs {
        if found != expected {
            bail!(
                "the page differs in line {}; run make bench-detection, and read what changed\n  there: {found}\n  now:   {expected}",
                index + 1
            );
        }
    }
    if page != expected {
        bail!(
            "the page has more or fewer lines than now; run make bench-detection, and read what changed"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tables: &str) -> String {
        format!("# Prose\n\n{BEGIN}{tables}{END}\nMore.\n")
    }

    #[test]
    fn tables_are_replaced_and_prose_is_kept() {
        let written = with_tables(&page("old"), "new\n").unwrap();
        assert_eq!(written, page("\nnew\n\n"));
        assert_eq!(with_tables(&written, "new\n").unwrap(), written);
    }

    #[test]
    fn a_difference_is_told_with_its_line() {
        let written = with_tables(&page(""), "| 1 |\n").unwrap();
        compare(&written, "| 1 |\n").unwrap();
        let error = compare(&written, "| 2 |\n").unwrap_err().to_string();
        assert!(
            error.contains("line 5") && error.contains("| 2 |"),
            "{error}"
        );
        assert!(compare(&written, "| 1 |\n| 2 |\n").is_err());
    }

    #[test]
    fn a_page_without_markers_is_refused() {
        let error = with_tables("# Prose\n", "").unwrap_err().to_string();
        assert!(error.contains("lacks the line"), "{error}");
    }
}
