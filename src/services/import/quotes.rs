//! Whether the quotes of a CSV file close, noticed while it is read.
//!
//! The CSV reader takes the end of the file for the end of a quoted cell, and what follows closing quotes for more of the
//! cell: one stray quote, and rows are lost inside a note.

use std::io::{self, Read};

/// Where in a cell the reading is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Bare,
    Quoted,
    /// After quotes that close, or are the first of two that stand for one.
    Closed,
}

/// A file that cannot be read beyond a cell whose quotes do not close.
pub(super) struct Quotes<R> {
    file: R,
    place: Place,
    line: u64,
    opened_on: u64,
}

impl<R: Read> Quotes<R> {
    pub(super) fn of(file: R) -> Self {
        Self { file, place: Place::Start, line: 1, opened_on: 1 }
    }

    fn pass(&mut self, bytes: &[u8]) -> Result<(), String> {
        for byte in bytes {
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::Closed,
                (Place::Quoted, _) | (Place::Closed, b'"') => Place::Quoted,
                (_, b',' | b'\n' | b'\r') => Place::Start,
                (Place::Start, b'"') => {
                    self.opened_on = self.line;
                    Place::Quoted
                }
                (Place::Start | Place::Bare, _) => Place::Bare,
                (Place::Closed, _) => {
                    return Err(format!(
                        "text on line {} follows the quotes that close there and opened on line {}: a quote inside quotes \
                         is written twice",
                        self.line, self.opened_on
                    ));
                }
            };
            self.line += u64::from(*byte == b'\n');
        }
        Ok(())
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let passed = match buffer.get(..read) {
            Some([]) if self.place == Place::Quoted && !buffer.is_empty() => {
                Err(format!("the quotes that open on line {} do not close", self.opened_on))
            }
            bytes => self.pass(bytes.unwrap_or_default()),
        };
        passed.map_err(io::Error::other)?;
        Ok(read)
    }
}
