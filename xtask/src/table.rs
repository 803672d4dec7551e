//! A table, for the terminal and as Markdown.

/// Rows of equal length under a head.
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Markdown whose columns are padded, so that it reads as well in a terminal.
    pub fn markdown(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|&cell| cell.to_owned()).collect();
        let lines = || std::iter::once(&head).chain(&self.rows);
        let width = |column: usize| {
            lines()
                .map(|cells| cells[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let mut text = String::new();
        for (index, cells) in lines().enumerate() {
            let padded =
                cells.iter().zip(&widths).enumerate().map(
                    |(column, (cell, &width))| match column {
                        0 => format!("{cell:<width$}"),
                        _ => format!("{cell:>width$}"),
                    },
                );
            text.push_str(&format!("| {} |\n", padded.collect::<Vec<_>>().join(" | ")));
            if index == 0 {
                let rules = widths
                    .iter()
                    .enumerate()
                    .map(|(column, &width)| match column {
                        0 => "-".repeat(width + 2),
                        _ => format!("{}:", "-".repeat(width + 1)),
                    });
                text.push_str(&format!("|{}|\n", rules.collect::<Vec<_>>().join("|")));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["proxy", "ratio"]);
        table.row(vec!["nginx".to_owned(), "1.0".to_owned()]);
        table.row(vec!["the gateway".to_owned(), "12.25".to_owned()]);
        let expected = "\
| proxy       | ratio |
|-------------|------:|
| nginx       |   1.0 |
| the gateway | 12.25 |
";
        assert_eq!(table.markdown(), expected);
    }
}
