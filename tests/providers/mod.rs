//! Providers of market data against a server that replays their documented forms, and everything that goes wrong on a line.

mod alpha_vantage;
mod coingecko;
mod ecb;
mod fallback;
mod feeds;
mod fred;
mod keys;
mod line;
mod openfigi;
mod readers;
mod redirects;
pub mod replay;
mod stooq;
mod tiingo;
mod wrong;
mod yahoo;
