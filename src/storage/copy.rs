//! Rows in the text format of PostgreSQL's COPY.

use std::fmt::{Display, Write};

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use uuid::Uuid;

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

    /// Whole numbers below ten to the power of `width`, with zeros before them.
    fn digits(&mut self, mut value: u32, width: usize) {
        let mut digits = [b'0'; 10];
        for digit in digits[..width].iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
        self.text.extend(digits[..width].iter().map(|digit| char::from(*digit)));
    }
}

// Ids, days and numbers are nearly all cells of a large file: they are written without the formatting machinery, which takes
// longer than everything else that happens to them here.
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

    fn id(&mut self, value: Uuid) -> &mut Self {
        self.separate();
        self.text.push_str(value.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        self
    }

    fn day(&mut self, value: NaiveDate) -> &mut Self {
        match u32::try_from(value.year()) {
            Ok(year @ 1000..=9999) => {
                self.separate();
                self.digits(year, 4);
                self.text.push('-');
                self.digits(value.month(), 2);
                self.text.push('-');
                self.digits(value.day(), 2);
                self
            }
            _ => self.cell(value),
        }
    }

    fn decimal(&mut self, value: Decimal) -> &mut Self {
        let (mut scale, Ok(mut mantissa)) = (value.scale() as usize, u64::try_from(value.mantissa().unsigned_abs()))
        else {
            return self.cell(value.normalize());
        };
        while scale > 0 && mantissa.is_multiple_of(10) {
            (mantissa, scale) = (mantissa / 10, scale - 1);
        }
        self.separate();
        // The longest: twenty digits, or as many behind the point as a decimal has, and the point.
        let mut text = [0; 32];
        let mut at = text.len();
        let mut written = 0;
        while mantissa > 0 || written <= scale {
            if written == scale && scale > 0 {
                at -= 1;
                text[at] = b'.';
            }
            at -= 1;
            text[at] = b'0' + (mantissa % 10) as u8;
            (mantissa, written) = (mantissa / 10, written + 1);
        }
        if value.is_sign_negative() && !value.is_zero() {
            self.text.push('-');
        }
        self.text.extend(text[at..].iter().map(|digit| char::from(*digit)));
        self
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

    #[test]
    fn numbers_days_and_ids_are_written_as_their_formatting_would() {
        let numbers = [
            "0",
            "0.000",
            "-0",
            "1",
            "-1",
            "10",
            "100.00",
            "0.5",
            "-0.05",
            "12345678901234567890",
            "0.0000000000000000000000000001",
            "79228162514264337593543950335",
            "1234.5678",
            "-1000.10",
            "18446744073709551615",
            "-1844674407370955.1615000",
        ];
        for text in numbers {
            let number: Decimal = text.parse().expect("a number");
            let mut rows = CopyRows::default();
            rows.decimal(number).decimal(number).end_row();
            let expected = number.normalize().to_string();
            let written = String::from_utf8(rows.into_chunk()).expect("text");
            assert_eq!(written, format!("{expected}\t{expected}\n"), "{text}");
        }
        let mut rows = CopyRows::default();
        let day = NaiveDate::from_ymd_opt(2024, 2, 9).expect("a day");
        rows.day(day).id(Uuid::from_u128(7)).optional_day(None).optional_id(None).optional_decimal(None).end_row();
        let written = String::from_utf8(rows.into_chunk()).expect("text");
        assert_eq!(written, format!("{day}\t{}\t\\N\t\\N\t\\N\n", Uuid::from_u128(7)));
    }
}
