//! Rows in the text format of PostgreSQL's COPY.

use std::fmt::{Display, Write};

use super::row_sink::RowSink;

/// Collects rows, cell by cell.
#[derive(Default)]
pub struct CopyRows {
    text: String,
    in_row: bool,
}

impl CopyRows {
    /// Ends the current row.
    pub fn end_row(&mut self) {
        self.text.push('\n');
        self.in_row = false;
    }

    /// The rows as one chunk.
    pub fn into_chunk(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn separate(&mut self) {
        if self.in_row {
            self.text.push('\t');
        }
        self.in_row = true;
    }
}

impl RowSink for CopyRows {
    fn cell(&mut self, value: impl Display) -> &mut Self {
        self.separate();
        // Writing to a String cannot fail.
        let _ = write!(Escaped(&mut self.text), "{value}");
        self
    }

    fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.cell(value),
            None => {
                self.separate();
                self.text.push_str("\\N");
                self
            }
        }
    }
}

struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        // Numbers, dates and ids, which most cells are, have nothing to escape.
        if !text.bytes().any(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
            self.0.push_str(text);
            return Ok(());
        }
        for character in text.chars() {
            match character {
                '\\' => self.0.push_str("\\\\"),
                '\t' => self.0.push_str("\\t"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_separated_and_escaped() {
        let mut rows = CopyRows::default();
        rows.cell("a\tb\\").optional(None::<i32>).cell(1).end_row();
        rows.cell("\\N").end_row();
        assert_eq!(String::from_utf8(rows.into_chunk()).expect("text"), "a\\tb\\\\\t\\N\t1\n\\\\N\n");
    }
}
