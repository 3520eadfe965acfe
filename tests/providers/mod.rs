//! Providers of market data against a server that replays their documented forms, and everything that goes wrong on a line.

mod ecb;
mod line;
mod redirects;
mod replay;
