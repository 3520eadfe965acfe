//! Tables of the schema `market`, which every tenant reads and only the data pipeline writes.

pub mod dim_currency;
pub mod dim_date;
pub mod dim_exchange;
pub mod dim_exchange_session;
pub mod dim_identifier;
pub mod dim_sector;
pub mod dim_stock;
pub mod dim_succession;
pub mod fact_corporate_action;
pub mod fact_fx_rate;
pub mod fact_stock_price;
pub mod meta_market_version;
pub mod stg_financial_news;
